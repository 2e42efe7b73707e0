#pragma once

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "store_model_dump.hpp"

namespace headgate::test {

/// Draws what is done to deliveries, and says it to the model and to Redis each in its words.
class DrawnModelTest : public DumpedModelTest {
protected:
    static constexpr std::uint64_t slot_count = 3, entity_count = 7, missing_count = 3;
    static constexpr std::string_view classes[]{"transient", "dependency", "permanent"};
    static constexpr const char* types[]{"sales_order", "refund"};

    Name any_name() { return {1 + pick(events_ + 1), pick(slot_count), pick(2) == 0 ? "erp" : "wms"}; }

    /// One that is, or now and then one that is not.
    Name some_name(const std::function<bool(const StoreModel::Delivery&)>& wanted)
    {
        std::vector<Name> fitting;
        for (const auto& [name, delivery] : model_.deliveries)
            if (wanted(delivery))
                fitting.push_back(name);
        if (fitting.empty() || pick(10) == 0)
            return model_.deliveries.empty() || pick(2) == 0
                       ? any_name()
                       : std::next(model_.deliveries.begin(),
                                   static_cast<std::ptrdiff_t>(pick(model_.deliveries.size())))
                             ->first;
        return fitting[pick(fitting.size())];
    }

    Partition home(const Name& name)
    {
        if (model_.records.contains(name.event) && pick(20) != 0)
            return model_.home(name);
        return static_cast<Partition>(pick(shares));
    }

    StoreModel::Told some_told()
    {
        StoreModel::Told told;
        if (pick(4) == 0)
            told.maybe = pick(2) == 0;
        told.at = static_cast<std::int64_t>(1 + pick(1'000'000));
        told.reason = "reason_" + std::to_string(pick(5));
        told.failure_class = classes[pick(std::size(classes))];
        told.missing = pick(missing_count);
        told.what = what_of(told.missing) + " of " + std::to_string(pick(100));
        for (auto n = pick(3) == 0 ? 1 + pick(2) : 0; n > 0; --n)
            told.come.push_back(some_come());
        told.pass = pick(3) == 0;
        told.target = "T" + std::to_string(pick(1'000));
        if (pick(3) == 0)
            told.progress = "step " + std::to_string(pick(1'000));
        if (pick(3) == 0)
            told.facts.emplace_back(pick(fact_count), random_fact(1 + pick(model_.seq + 1)));
        if (pick(3) == 0)
            told.references[some_reference()] = "SO-" + std::to_string(pick(1'000));
        told.cause = "cause " + std::to_string(pick(3));
        const char* rules[]{"", "big", "odd"};
        told.rule = rules[pick(3)];
        told.content = pick(2) == 0 ? 'c' : 'd';
        return told;
    }

    StoreModel::Come some_come()
    {
        StoreModel::Come come{{}, "", pick(2) == 0};
        if (pick(2) == 0)
            come.fact = pick(fact_count);
        else
            come.reference = some_reference();
        return come;
    }

    std::string some_reference() { return "order/" + std::to_string(pick(3)); }

    static retry::Come come_from(const StoreModel::Come& come)
    {
        if (come.fact)
            return {"hg:g:" + std::string(view(fact_key(*come.fact))), "", come.there};
        return {retry::reference_hash("erp", "order"), come.reference, come.there};
    }

    static retry::Telling telling_from(const StoreModel::Told& told)
    {
        retry::Telling telling = telling_of(what_of(told.missing));
        telling.maybe = told.maybe;
        telling.at = at_ms(told.at);
        telling.reason = told.reason;
        telling.failure_class = told.failure_class == "transient"    ? FailureClass::transient
                                : told.failure_class == "dependency" ? FailureClass::dependency
                                                                     : FailureClass::permanent;
        telling.what = told.what;
        telling.pass = told.pass;
        for (const auto& come : told.come)
            telling.come.push_back(come_from(come));
        telling.target_id = told.target;
        telling.progress = told.progress;
        for (const auto& [fact, next] : told.facts)
            telling.guards.push_back({fact_key(fact), guard_of(next)});
        for (const auto& [id, theirs] : told.references)
            telling.references.push_back({"erp", "order", id, theirs});
        telling.letter->cause = told.cause;
        telling.rule = told.rule;
        telling.content.fill(static_cast<std::uint8_t>(told.content));
        return telling;
    }

    /// What is told of an event: of what is known of it, and of more. At times nothing, of what is known.
    std::vector<StoreModel::New> some_deliveries(std::uint64_t event)
    {
        std::set<Name> names;
        if (auto known = model_.records.find(event); known != model_.records.end())
            for (const auto& name : known->second.placed)
                if (pick(3) != 0)
                    names.insert(name);
        std::vector<StoreModel::New> drawn;
        if (!names.empty() && pick(8) == 0)
            return drawn;
        for (auto n = names.empty() ? 1 + pick(3) : pick(3); n > 0; --n)
            names.insert({event, pick(slot_count), pick(2) == 0 ? "erp" : "wms"});
        for (const auto& name : names) {
            drawn.push_back(some_delivery(name));
            auto& place = drawn.back().delivery.place;
            while (std::ranges::count(drawn, place, [](const auto& one) { return one.delivery.place; }) > 1)
                ++place;
        }
        return drawn;
    }

    StoreModel::New some_delivery(const Name& name)
    {
        StoreModel::Delivery delivery;
        auto known = model_.deliveries.find(name);
        delivery.entity = known != model_.deliveries.end() && pick(4) != 0
                              ? known->second.entity
                              : "order/" + std::to_string(pick(entity_count));
        delivery.order = static_cast<Order>(pick(3));
        delivery.place = static_cast<std::uint16_t>(pick(3));
        // Those that may replace others come first; most were never tried.
        const DeliveryState states[]{DeliveryState::ready,     DeliveryState::due,  DeliveryState::park,
                                     DeliveryState::hold,      DeliveryState::dead, DeliveryState::applied,
                                     DeliveryState::suppressed};
        delivery.state = states[pick(pick(2) == 0 ? 3 : std::size(states))];
        if (auto has = model_.owner(name.system, delivery.entity);
            has && model_.deliveries[*has].state == DeliveryState::due && pick(2) == 0)
            delivery.state = DeliveryState::due;
        delivery.attempts = pick(3) == 0 ? 1 : 0;
        delivery.first = static_cast<std::int64_t>(1 + pick(1'000));
        delivery.told = some_told();
        delivery.letter = {delivery.told.cause, 0};
        delivery.maybe = delivery.told.maybe.value_or(false);
        delivery.type = types[pick(std::size(types))];
        const char* versions[]{"", "i1", "i2", "i3", "i31", "t2"};
        delivery.version = versions[pick(std::size(versions))];
        StoreModel::New next{name, delivery, static_cast<retry::Replaces>(pick(3)), {}};
        // Of some parents nothing is ever known.
        for (auto n = pick(3); n > 0; --n)
            next.parents.emplace_back(types[pick(std::size(types))], pick(2 * fact_count));
        return next;
    }

    static retry::NewDelivery delivery_from(const StoreModel::New& one)
    {
        const auto& delivery = one.delivery;
        auto given = delivery_as(delivery.state, delivery.entity, one.name.slot, one.name.system);
        given.type = delivery.type;
        given.order = delivery.order;
        given.place = delivery.place;
        given.attempts = delivery.attempts;
        given.first = at_ms(delivery.first);
        given.telling = telling_from(delivery.told);
        given.replaces = one.replaces;
        given.version = delivery.version;
        for (const auto& [type, fact] : one.parents)
            given.parents.emplace_back(type, fact_key(fact));
        return given;
    }

    StoreModel::Resolving some_resolving()
    {
        StoreModel::Resolving item;
        item.name = some_name([this](const auto& d) {
            return d.state == DeliveryState::busy ||
                   (StoreModel::is_left(d.state) && d.state != DeliveryState::lane && pick(3) == 0);
        });
        item.partition = home(item.name);
        if (auto known = model_.deliveries.find(item.name); known != model_.deliveries.end()) {
            item.attempts = known->second.attempts + (pick(12) == 0 ? 1 : 0);
            auto state = known->second.state;
            if (StoreModel::is_left(state) && state != DeliveryState::lane && pick(8) != 0)
                item.from = state;
        }
        item.outcome = pick(3) == 0 ? Outcome::applied : static_cast<Outcome>(pick(8));
        if (item.from != DeliveryState::busy &&
            (item.outcome == Outcome::throttled || item.outcome == Outcome::unknown))
            item.outcome = Outcome::applied;
        item.told = some_told();
        return item;
    }
};

}  // namespace headgate::test
