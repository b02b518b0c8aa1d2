"""Formats a decision's explanation, as returned by ``visitor.explain()``, for people. Pure."""
from flagship.cli._layout import escape, json_shown, name_or_id
from flagship.decision.targeting import ALL_VISITORS, unusable


def lines(explained, layout, why):
    """Return lines with the visitor's flags, and with ``why`` also each campaign's reasons."""
    found = _flags(explained, layout)
    if why and explained["cachedVariationIds"] is not None:
        known = u", ".join(map(escape, explained["cachedVariationIds"])) or u"none"
        found += [u""] + layout.wrap(u"Cached assignments: " + known, 0)
    for campaign in explained["campaigns"] if why else ():
        found += [u""] + _campaign(campaign, layout)
    return found


_HEADS = [u"flag", u"value", u"campaign", u"variation"]


def _flags(explained, layout):
    flags, visitor = explained["modifications"], escape(explained["visitorId"])
    if not explained["serving"]:
        return layout.wrap(
            u"Visitor %s gets the defaults: %s" % (visitor, explained["reason"]), 0)
    head = u"Visitor %s gets %d flag%s" % (visitor, len(flags), "" if len(flags) == 1 else "s")
    if not flags:
        return [head]
    names = {(each["campaignId"], each["variationId"]): each for each in explained["campaigns"]}
    rows = []
    for key in sorted(flags):
        flag = flags[key]
        from_ = names[flag["campaignId"], flag["variationId"]]
        rows.append([escape(key), json_shown(flag["value"]),
                     name_or_id(from_["name"], flag["campaignId"]),
                     name_or_id(from_["variationName"], flag["variationId"])])
    if layout.is_narrow:
        blocks = [[u""] + layout.block(row[0], list(zip(_HEADS[1:], row[1:]))) for row in rows]
        return [head + u":"] + sum(blocks, [])
    table = layout.table([[each.upper() for each in _HEADS]] + rows)
    return [head + u":", u"", layout.paint(table[0], "bold")] + table[1:]


def _with_id(name, id_):
    """Return ``Name (id)``, or only the id if there is no name."""
    called = name_or_id(name, id_)
    return called if called == escape(id_) else u"%s (%s)" % (called, escape(id_))


def _campaign(campaign, layout):
    outcome = campaign["outcome"]
    if outcome == u"assigned":
        outcome = name_or_id(campaign["variationName"], campaign["variationId"])
    title = _with_id(campaign["name"], campaign["campaignId"] or u"a campaign without id")
    reason = escape(campaign["reason"])
    if campaign["decidedBy"] == u"cache":
        reason += u"; its bucket is %d" % campaign["bucket"]
    found = [u"%s: %s" % (layout.paint(title, "bold"), outcome)] + layout.wrap(reason, 2)
    tried = True
    for group in campaign["variationGroups"]:
        found += _group(group, layout, tried, campaign["variationId"])
        tried = tried and not group["matches"]
    return found


def _group(group, layout, tried, variation_id):
    name = _with_id(group["name"], group["variationGroupId"])
    if not tried:
        return [u"    %s: not tried, as a group before it matches" % name]
    found = [u"  %s %s" % (layout.yes if group["matches"] else layout.no, name)]
    for place, alternative in enumerate(group["targetingGroups"]):
        if place:
            found.append(u"      or")
        rows = [_targeting(each, layout) for each in alternative["targetings"]]
        found += _rows(rows or [[u"no targetings: nobody"]], layout)
    if not group["targetingGroups"]:
        found.append(u"      no targeting: nobody")
    if group["chosen"]:
        found += _variations(group, layout, variation_id)
    return found


def _targeting(targeting, layout):
    mark = layout.yes if targeting["matches"] else layout.no
    if targeting["key"] == ALL_VISITORS:
        return [mark, u"every visitor", u""]
    asked = u"%s %s %s" % (escape(targeting["key"]), escape(u"%s" % targeting["operator"]),
                           json_shown(targeting["value"]))
    if targeting["problem"]:
        ignored = unusable(targeting["operator"], targeting["value"]) is not None
        return [mark, asked, escape(targeting["problem"]) + (
            u": matches nobody" if ignored else u"")]
    if not targeting["present"]:
        return [mark, asked, u"the visitor has no %s" % escape(targeting["key"])]
    return [mark, asked, u"the visitor has " + json_shown(targeting["visitorValue"])]


def _variations(group, layout, variation_id):
    rows = []
    for each in group["variations"]:
        first, end = each["buckets"]
        notes = [u"cached"] if each["variationId"] == group["cachedVariationId"] else []
        if each["reference"]:
            notes.append(u"reference")
        rows.append([layout.here if each["variationId"] == variation_id else u" ",
                     _with_id(each["name"], each["variationId"]),
                     u"%d-%d" % (first, end - 1) if end > first else u"no bucket",
                     u", ".join(notes)])
    return _rows(rows, layout) if rows else []


def _rows(rows, layout):
    """Return the lines of a table whose first column is a mark. If there is no room for a table,
    the other columns are put one below the other."""
    if not layout.is_narrow:
        return [u"      " + line for line in layout.indent(6).table(rows)]
    lines = []
    for row in rows:
        first = layout.wrap(u" ".join(row[:2]), 4)
        lines += first[:1] + [u"  " + each for each in first[1:]]
        for cell in filter(None, row[2:]):
            lines += layout.wrap(cell, 8)
    return lines
