"use strict";
// The vendor's JavaScript SDK on an emulator: node peer.js TASK, where TASK is JSON as check.py
// writes it. Prints {"flags": {visitor id: {key: value}}}.
const fs = require("fs");
const http = require("http");
const https = require("https");

const task = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const emulator = new URL(task.url);

// The SDK's addresses are fixed but for one.
const PREFIXES = {
  "decision.flagship.io": "", "cdn.flagship.io": "/cdn", "ariane.abtasty.com": "/collect",
  "events.flagship.io": "/collect",
};
https.request = (options, answered) => {
  const prefix = PREFIXES[options.hostname];
  if (prefix === undefined) throw new Error("asked " + options.hostname);
  const {agent, host, href, ...rest} = options;
  return http.request({
    ...rest, protocol: "http:", hostname: emulator.hostname, port: emulator.port,
    path: prefix + options.path,
  }, answered);
};

const {CacheStrategy, DecisionMode, EventCategory, Flagship, HitType, LogLevel} =
  require("@flagship.io/js-sdk");

const HITS = [
  {type: HitType.PAGE, documentLocation: "https://www.example.com/"},
  {type: HitType.SCREEN, documentLocation: "home"},
  {type: HitType.EVENT, category: EventCategory.ACTION_TRACKING, action: "cart", label: "blue",
    value: 3, userIp: "192.0.2.1", screenResolution: "640X480", locale: "fr", sessionNumber: "2"},
  {type: HitType.EVENT, category: EventCategory.USER_ENGAGEMENT, action: "read"},
  {type: HitType.TRANSACTION, transactionId: "t1", affiliation: "purchase", totalRevenue: 59.9,
    shippingCosts: 4, shippingMethod: "express", taxes: 9, currency: "EUR",
    paymentMethod: "credit_card", itemCount: 2, couponCode: "WELCOME"},
  {type: HitType.ITEM, transactionId: "t1", productName: "Shoes", productSku: "s7",
    itemPrice: 27.95, itemQuantity: 2, itemCategory: "shoes"},
];

// Queued hits go out each second. Flagship.close() of this version sends none.
const delivery = () => new Promise(resolve => setTimeout(resolve, 2500));

async function visit(visitor) {
  await visitor.fetchFlags();
  for (const key of task.keys) {
    const flag = visitor.getFlag(key);
    flag.getValue(null, false);
    await flag.visitorExposed();
  }
  for (const hit of HITS) await visitor.sendHit(hit);
}

async function main() {
  await Flagship.start(task.env_id, task.api_key, {
    decisionMode: task.mode === "API" ? DecisionMode.DECISION_API : DecisionMode.BUCKETING,
    fetchNow: false, logLevel: LogLevel.ERROR, timeout: 20, pollingInterval: 1,
    disableDeveloperUsageTracking: true,
    trackingManagerConfig: {
      cacheStrategy: CacheStrategy[task.strategy], batchIntervals: 1, poolMaxSize: 50},
  });
  const flags = {};
  for (const {id, context} of task.visitors) {
    const visitor = Flagship.newVisitor({
      visitorId: id, context, hasConsented: true, shouldSaveInstance: false});
    await visitor.fetchFlags();
    flags[id] = {};
    for (const key of task.keys) {
      const flag = visitor.getFlag(key);
      if (flag.exists()) flags[id][key] = flag.getValue(null, false);
    }
  }
  const visitor = Flagship.newVisitor({
    visitorId: "way", context: {country: "FR"}, hasConsented: true, isAuthenticated: false});
  await visit(visitor);
  visitor.authenticate("customer");
  visitor.updateContext({vip: true});
  await visit(visitor);
  visitor.unauthenticate();
  await visitor.fetchFlags();
  await delivery();  // what is queued is taken back where consent ends
  visitor.setConsent(false);
  await delivery();
  await visitor.fetchFlags();
  visitor.setConsent(true);
  await delivery();
  await Flagship.close();
  console.log(JSON.stringify({flags}));
  process.exit(0);
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
