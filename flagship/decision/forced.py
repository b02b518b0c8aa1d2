"""Forced variations: what a visitor is shown whatever targeting and allocation say. Pure, like the
decision itself."""
from flagship.decision.document import id_text
from flagship.decision.modification import ForcedModification


def find_forced(campaigns, forced):
    """Return the variations to force, campaign id to Variation.

    :param Campaigns campaigns: the compiled file.
    :param forced: a mapping from campaign id to variation id; what the file does not have is left
        out.
    """
    found = {}
    for campaign in _used_campaigns(campaigns):
        variation = _variation_of(campaign, forced.get(campaign.id))
        if variation is not None:
            found.setdefault(campaign.id, variation)
    return found


def merge_forced(campaigns, variations, found):
    """Return the flags of a visitor's variations, key to Modification, with those of ``found`` in
    place of the ones that their campaigns gave; the later campaign wins.

    :param Campaigns campaigns: the compiled file.
    :param variations: the variations that the visitor is assigned, in the file's order.
    :param dict found: what :func:`find_forced` returned.
    """
    # By identity: two campaigns of a file may have the same id.
    assigned, flags = {id(each) for each in variations}, {}
    for campaign in _used_campaigns(campaigns):
        forced = campaign.id in found and _variation_of(campaign, found[campaign.id].id)
        if forced:
            flags.update(_forced_flags(forced))
            continue
        for group in campaign.groups:
            for variation in group.variations:
                if id(variation) in assigned:
                    flags.update(variation.modifications)
    return flags


def force_answer(campaigns, answered, found):
    """Return the campaigns of the platform's answer without those of ``found``, and with these as
    the platform would give them, in the file's order among the others.

    :param Campaigns campaigns: the compiled file.
    :param list answered: decoded campaigns, as the platform gave them.
    :param dict found: what :func:`find_forced` returned.
    """
    answer = [each for each in answered if _id_of(each) not in found]
    before, missing = [], set(found)
    for campaign in _used_campaigns(campaigns):
        if campaign.id in missing:
            missing.remove(campaign.id)
            earlier = [place for place, each in enumerate(answer) if _id_of(each) in before]
            answer.insert(earlier[-1] + 1 if earlier else 0, _wire(found[campaign.id]))
        before.append(campaign.id)
    return answer


def ids_of(campaigns, found):
    """Return the ids of all variations of the campaigns in ``found``, a set."""
    return {variation.id for campaign in _used_campaigns(campaigns) if campaign.id in found
            for group in campaign.groups for variation in group.variations}


def mark_forced(modifications, found):
    """Return flags, key to Modification, with those of the campaigns in ``found`` as forced."""
    return {key: ForcedModification(*each[:6]) if each.campaign_id in found else each
            for key, each in modifications.items()}


def _used_campaigns(campaigns):
    return [each for each in campaigns.document.campaigns if each.problem is None]


def _variation_of(campaign, variation_id):
    for group in campaign.groups if variation_id is not None else ():
        for variation in group.variations:
            if variation.id == variation_id:
                return variation
    return None


def _forced_flags(variation):
    return {key: ForcedModification(key, value, variation.campaign_id, variation.variation_group_id,
                                    variation.id, variation.reference)
            for key, value in variation.values.items()}


def _id_of(campaign):
    return id_text(campaign.get("id")) if isinstance(campaign, dict) else None


def _wire(variation):
    return {"id": variation.campaign_id, "variationGroupId": variation.variation_group_id,
            "variation": {"id": variation.id, "reference": variation.reference,
                          "modifications": {"value": variation.values}}}
