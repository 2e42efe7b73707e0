#include "judge.hpp"

#include <algorithm>

#include "retry/delivery.hpp"
#include "retry/keys.hpp"

namespace headgate::simulation {

namespace {

std::string lane_name(const Thing& thing)
{
    return thing.system + '\0' + thing.delivery.source + '\0' + thing.delivery.transaction.entity;
}

/// What of a telling says whether another one tells newer things of the same fact.
std::pair<std::uint64_t, std::uint64_t> age(const Told& told)
{
    const bool versioned = told.topic == "order" || told.topic == "both" || told.topic == "stock";
    return {versioned ? told.version : 0, told.seq};
}

std::uint64_t content(const Told& told, const std::string& type)
{
    if (type == "sales_order")
        return told.quantity;
    return type == "inventory_level" ? told.version : 0;
}

/// The fact that a telling is about, within its source.
std::string fact_of(const Told& told, const std::string& type)
{
    if (type == "sales_order" || type == "inventory_level" || type == "order_cancellation")
        return type + "/" + told.source + "/" + told.order;
    return type + "/" + std::to_string(told.number);
}

bool is_expected(const Told& told, const Expected& expected)
{
    return std::ranges::any_of(expected_of(told.topic), [&](const Expected& one) {
        return one.system == expected.system && one.type == expected.type;
    });
}

/// Whether a cancellation takes it along when it was never sent.
bool is_overtaken_by_cancellations(const Told& told, const Expected& expected)
{
    return expected.system == "erp" && (told.topic == "order" || told.topic == "both" || told.topic == "change" ||
                                        told.topic == "inside" || told.topic == "cancel");
}

}  // namespace

const std::vector<Expected>& expected_of(const std::string& topic)
{
    static const std::map<std::string, std::vector<Expected>> all{
        {"order", {{"erp", "sales_order"}, {"wms", "sales_order"}}},
        {"both", {{"erp", "sales_order"}, {"wms", "sales_order"}, {"erp", "payment"}}},
        {"change", {{"erp", "order_change"}}},
        {"payment", {{"erp", "payment"}}},
        {"inside", {{"erp", "payment"}}},
        {"refund", {{"erp", "refund"}}},
        {"cancel", {{"erp", "order_cancellation"}}},
        {"stock", {{"erp", "inventory_level"}}},
        {"move", {{"wms", "inventory_adjustment"}}},
    };
    return all.at(topic);
}

Thing& Judge::thing(const std::string& system, const Delivery& delivery)
{
    const auto key = system + delivery.effect_key.text();
    Thing& thing = things_[key];
    if (thing.told == nullptr) {
        thing.key = delivery.effect_key.text();
        thing.system = system;
        thing.told = tellings_.of(delivery.event);
        by_told_[{thing.told->number, system, delivery.transaction.type}] = key;
    }
    thing.delivery = delivery;
    return thing;
}

void Judge::leaves(Thing& thing, const std::string& step, mapping::Repeat repeat, Sender sender)
{
    const auto name = thing.told->text() + " " + thing.delivery.transaction.type + "." + step;
    const int sent = ++thing.sendings[step];
    if (sent > 1 + thing.reasons + leases_over_)
        world_.finding(name + " was sent again for no reason");
    if (repeat == mapping::Repeat::never && sent > 1 + thing.refusals[step] + not_arrived_[thing.system + thing.key])
        world_.finding(name + " was sent again, and may have arrived");
    auto& on_the_wire = lanes_[lane_name(thing)][sender];
    if (on_the_wire != nullptr && on_the_wire != &thing)
        world_.finding(name + " was sent while " + on_the_wire->told->text() + " of its lane was on the wire");
    on_the_wire = &thing;
    look_in_redis(thing);
}

void Judge::left(Thing& thing, Sender sender, bool well)
{
    thing.reasons += well ? 0 : 1;
    if (auto& on_the_wire = lanes_[lane_name(thing)]; on_the_wire[sender] == &thing)
        on_the_wire.erase(sender);
}

void Judge::lease_over(Sender sender)
{
    ++leases_over_;
    for (auto& [lane, on_the_wire] : lanes_)
        on_the_wire.erase(sender);
}

/// I4 and I5 at the moment of writing.
void Judge::look_in_redis(Thing& thing)
{
    const Delivery& delivery = thing.delivery;
    const auto name = thing.told->text() + " " + delivery.transaction.type + " to " + thing.system;
    const auto id = retry::DeliveryId::of(delivery.event, delivery.transaction.slot, thing.system).raw();
    const auto lane = retry::lane_hash(thing.system, delivery.source, delivery.transaction.entity);
    const auto partition = partition_of(delivery.source, thing.told->order);
    const auto told = world_.line.ask_all({{"HGET", "hg:d:" + id, "state"},
                                           {"GET", "hg:blk:" + std::string(view(lane))},
                                           {"HGET", retry::partition_key("P", partition), "hw"}});
    const auto &state = told[0], &owner = told[1], &high_water = told[2];
    if (!state.is_nil()) {
        if (state.text != "busy")
            world_.finding("I4: " + name + " was sent as " + state.text);
        else if (owner.text.substr(0, id.size()) != id)
            world_.finding("I5: " + name + " was sent without its lane");
        return;
    }
    if (high_water.is_nil() || std::stoull(high_water.text) < delivery.seq)
        world_.finding("I4: " + name + " was sent above hw");
    if (owner.is_nil())
        return;
    // What waits for one of its own lane may get the lane at any time, and be put aside there before it is sent: its
    // channel was paused, a rule holds it.
    const auto who = world_.line.ask({"HMGET", "hg:d:" + owner.text.substr(0, id.size()), "type", "state"});
    const auto& type = who.list[0].text;
    const auto& as = who.list[1].text;
    const bool may_have_come = as == "ready" || as == "park" || as == "hold" || as == "dead";
    if (!may_have_come || (type != "order_change" && type != "payment" && type != "order_cancellation"))
        world_.finding("I5: " + name + " was sent past who has its lane: " + type + ", " + as);
}

void Judge::done(Thing& thing, const std::string& step, mapping::Repeat repeat)
{
    const auto& type = thing.delivery.transaction.type;
    const auto name = thing.told->text() + " " + type + "." + step;
    const int times = ++thing.effects[step];
    if (times > 1 && (repeat == mapping::Repeat::never || repeat == mapping::Repeat::probe))
        world_.finding(name + " was done twice");
    if (thing.first_effect)
        return;
    thing.first_effect = world_.elapsed();
    for (const Parent& parent : thing.delivery.transaction.parents)
        if (!first_effects_.contains({thing.system, parent.type, fact_of(*thing.told, parent.type)}) &&
            !said_there_.contains({thing.system, thing.delivery.source, parent.entity}))
            world_.finding(name + " was done before its " + parent.type);
    const bool sequence = thing.delivery.transaction.order == Order::sequence;
    auto& before = first_effects_[{
        thing.system, type,
        sequence ? thing.delivery.source + "/" + thing.delivery.transaction.entity : fact_of(*thing.told, type)}];
    if (!before.empty() && sequence && before.back()->delivery.origin_seq > thing.delivery.origin_seq &&
        !waited_for_its_order(thing))
        world_.finding(name + " was done after a later one: " + before.back()->told->text());
    const auto newer = [&](const Thing* other) {
        const auto version = [](const Thing& one) { return age(*one.told).first; };
        return version(*other) != version(thing) ? version(*other) > version(thing)
                                                 : other->delivery.origin_seq > thing.delivery.origin_seq;
    };
    // Nothing tells yet of what is done in part or not known to be done, and a letter that is replayed meanwhile may go
    // before the rest of it.
    const auto is_open = [&](const Thing& other) {
        const auto& one = other.delivery;
        const auto id = retry::DeliveryId::of(one.event, one.transaction.slot, other.system).raw();
        const auto state = world_.line.ask({"HGET", "hg:d:" + id, "state"}).text;
        return !state.empty() && state != "applied" && state != "suppressed" && state != "discarded";
    };
    if (!before.empty() && !sequence && newer(before.back()) &&
        !(letters_.contains(thing.delivery.event) && is_open(*before.back())) &&
        (thing.delivery.transaction.parents.empty() || !waited_for_its_order(thing)))
        world_.finding(name + " was done after a newer one: " + before.back()->told->text());
    before.push_back(&thing);
}

/// What came before its order lets others of its lane by until that is there, and so later changes may be first.
bool Judge::waited_for_its_order(const Thing& thing) const
{
    for (const Parent& parent : thing.delivery.transaction.parents)
        if (said_there_.contains({thing.system, thing.delivery.source, parent.entity}))
            return true;
    const auto orders = first_effects_.find({thing.system, "sales_order", fact_of(*thing.told, "sales_order")});
    return orders != first_effects_.end() && *orders->second.front()->first_effect >= thing.told->answered_at;
}

void Judge::settled(const EventId& event, const std::string& system, const std::string& type, std::string how)
{
    world_.trace("a person settles " + tellings_.of(event)->text() + " " + type + " at " + system + ": " + how);
    settled_[{event, system, type}] = std::move(how);
}

bool Judge::is_excused(const Told& told, const Expected& expected) const
{
    for (const auto& [of, how] : settled_)
        if (const auto& [event, system, type] = of;
            tellings_.of(event) == &told && system == expected.system && type == expected.type)
            return true;
    // The system was told newer, or the same; what was newer and the same as was there counts as told.
    const auto fact = fact_of(told, expected.type);
    if (const auto found = first_effects_.find({expected.system, expected.type, fact}); found != first_effects_.end()) {
        const auto is_there = [&](const Told& one) {
            return std::ranges::any_of(found->second, [&](const Thing* thing) {
                return thing->told == &one || content(*thing->told, expected.type) == content(one, expected.type);
            });
        };
        if (content(*found->second.back()->told, expected.type) == content(told, expected.type))
            return true;
        for (const Told& other : tellings_.all)
            if (other.answered && !other.repeated && is_expected(other, expected) &&
                fact_of(other, expected.type) == fact && age(other) > age(told) && is_there(other))
                return true;
    }
    // A newer snapshot has taken its place, and a person did not want that one.
    for (const auto& [of, how] : settled_)
        if (const auto& [event, system, type] = of; type == "inventory_level" && type == expected.type)
            if (const Told& other = *tellings_.of(event); fact_of(other, type) == fact && age(other) > age(told))
                return true;
    if (!is_overtaken_by_cancellations(told, expected))
        return false;
    for (const Told& other : tellings_.all)
        if (other.topic == "cancel" && other.answered && !other.repeated && other.source == told.source &&
            other.order == told.order && other.seq > told.seq)
            return true;
    if (told.topic != "cancel")
        return false;
    // What it would have cancelled went with it, unless the system was told of that before.
    for (const auto& [of, things] : first_effects_)
        for (const Thing* thing : things)
            if (thing->system == "erp" && thing->delivery.transaction.type == "sales_order" &&
                thing->told->source == told.source && thing->told->order == told.order && thing->told->seq < told.seq &&
                !letters_.contains(thing->delivery.event))
                return false;
    return true;
}

void Judge::sum_up()
{
    for (const Told& told : tellings_.all) {
        if (!told.answered || told.repeated)
            continue;
        for (const Expected& expected : expected_of(told.topic)) {
            const auto name = told.text() + " " + expected.type + " at " + expected.system;
            const auto found = by_told_.find({told.number, expected.system, expected.type});
            const Thing* thing = found == by_told_.end() ? nullptr : &things_.at(found->second);
            if (thing == nullptr || !thing->first_effect) {
                if (!is_excused(told, expected))
                    world_.finding(name + " was lost");
                continue;
            }
            if (expected.type == "sales_order" && !thing->effects.contains("tag") && !is_excused(told, expected))
                world_.finding(name + " was done by half");
        }
    }
}

}  // namespace headgate::simulation
