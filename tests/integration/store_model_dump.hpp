#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "store_model_fixture.hpp"

namespace headgate::test {

/// Compares every key of Redis, whole, with what the model says there is.
class DumpedModelTest : public StoreModelTest {
protected:
    using Name = StoreModel::Name;
    using DeliveryState = retry::DeliveryState;
    using Outcome = retry::Outcome;
    using Dump = std::map<std::string, std::map<std::string, std::string>>;

    static std::string what_of(std::uint64_t missing) { return "sku/" + std::to_string(missing); }
    static retry::DeliveryId id(const Name& name) { return id_of(name.event, name.slot, name.system); }
    static Hash16 lane(const Name& name, const std::string& entity) { return lane_of(entity, name.system); }

    /// All of Redis: key -> field or member -> value or score. Numbers that are 0 may as well not be there.
    Dump dump()
    {
        static const auto script = net::make_script("dump", R"(
            local kinds = {b = 'string', g = 'string', blk = 'string', seq = 'string', pk = 'set', wd = 'zset', rest = 'set', escalated = 'set',
                           sys = 'set', ready = 'zset', due = 'zset', busy = 'zset', lane = 'zset', park = 'zset',
                           hold = 'zset', dead = 'zset', ['in'] = 'stream', hist = 'stream'}
            local out = {}
            for _, key in ipairs(redis.call('KEYS', 'hg:*')) do
                local kind = kinds[string.match(key, '^hg:(%a+)')]
                local flat = {}
                if string.sub(key, 1, 5) == 'hg:i:' then
                    kind = nil
                elseif kind == nil then
                    flat = redis.call('HGETALL', key)
                elseif kind == 'zset' then
                    flat = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
                elseif kind == 'set' then
                    for _, member in ipairs(redis.call('SMEMBERS', key)) do
                        flat[#flat + 1] = member
                        flat[#flat + 1] = ''
                    end
                elseif kind == 'string' then
                    flat = {'', redis.call('GET', key)}
                else
                    for i, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
                        local words = {}
                        for j = 1, #entry[2], 2 do
                            if entry[2][j] ~= 'f' then
                                words[#words + 1] = entry[2][j] .. '=' .. entry[2][j + 1]
                            end
                        end
                        flat[#flat + 1] = string.sub(key, 1, 6) == 'hg:in:' and entry[1] or string.format('%d', i)
                        flat[#flat + 1] = table.concat(words, ' ')
                    end
                end
                out[#out + 1] = key
                out[#out + 1] = flat
            end
            return out)");
        auto reply = loop_.await(redis_->eval(script, {}, {})).value();
        Dump found;
        for (std::size_t i = 0; i + 1 < reply.list.size(); i += 2) {
            const auto& key = reply.list[i].text;
            const auto& flat = reply.list[i + 1].list;
            for (std::size_t j = 0; j + 1 < flat.size(); j += 2)
                put(found, key, flat[j].text, flat[j + 1].text);
        }
        for (auto& [key, fields] : found) {
            if (key.starts_with("hg:P:"))
                for (const char* field : {"token", "owner", "until"})
                    fields.erase(field);
            if (key.starts_with("hg:dead:"))
                for (auto& [member, score] : fields)
                    score = "some time";
            if (key.starts_with("hg:blk:"))
                look_at_marks(key, fields[""]);
        }
        std::erase_if(found, [](const auto& each) { return each.second.empty(); });
        return found;
    }

    static void put(Dump& dump, const std::string& key, const std::string& field, const std::string& value)
    {
        bool counts = key.starts_with("hg:e:") || key.starts_with("hg:P:");
        if (!value.empty() || key.starts_with("hg:pk:") || key.starts_with("hg:rest:") || key.starts_with("hg:sys:") ||
            key == "hg:escalated")
            if (!counts || value != "0" || field == "p")
                dump[key][field] = value;
    }

    /// Of a lane: in which partitions others wait. There may be more than there are, never fewer.
    void look_at_marks(const std::string& key, std::string& held)
    {
        auto marks = held.substr(std::min<std::size_t>(32, held.size()));
        held.resize(std::min<std::size_t>(32, held.size()));
        for (const auto& [name, delivery] : model_.deliveries)
            if (delivery.state == DeliveryState::lane &&
                key == "hg:blk:" + std::string(view(lane(name, delivery.entity)))) {
                EXPECT_NE(marks.find(static_cast<char>(model_.home(name))), std::string::npos);
            }
    }

    /// What the model says all of it is.
    Dump expected()
    {
        Dump all;
        put(all, "hg:seq", "", model_.seq == 0 ? "" : std::to_string(model_.seq));
        for (auto event : model_.bodies)
            put(all, retry::event_key("b", event_of(event)), "", envelope_of(event));
        for (const auto& [fact, held] : model_.facts)
            put(all, "hg:g:" + std::string(view(fact_key(fact))), "", retry::encode(guard_of(held)));
        for (const auto& [ours, theirs] : model_.references)
            put(all, std::string("hg:x:erp\0order", 14), ours, theirs);
        for (const auto& [system, lanes] : model_.lanes())
            put(all, "hg:lanes", system, std::to_string(lanes));
        std::map<std::string, int> waiting;
        for (const auto& [event, record] : model_.records)
            if (model_.left_of(event) > 0)
                ++waiting[channel_of(event)];
        for (const auto& [channel, events] : waiting)
            put(all, "hg:waiting", channel, std::to_string(events));
        for (const auto& [missing, what] : model_.waited_for)
            put(all, "hg:work", std::string(view(missing_of(what_of(missing)))), what);
        for (const auto& system : model_.paused)
            put(all, "hg:paused", "system:" + system, "{}");
        for (const auto& [partition, names] : model_.systems)
            for (const auto& system : names)
                put(all, retry::partition_key("sys", partition), system, "");
        for (const auto& [partition, share] : model_.shares)
            expect_share(all, partition, share);
        for (const auto& [event, record] : model_.records)
            expect_record(all, event, record);
        for (const auto& [event, letter] : model_.letters) {
            auto partition = model_.records[event].partition;
            put(all, retry::partition_key("dead", partition), raw(event_of(event)), "some time");
            expect_letter(all, retry::event_key("l", event_of(event)), burial_of(event, 0).letter, "permanent", letter,
                          2);
            if (letter.word == 0)
                continue;
            const auto word = awaited_of(letter.word, channel_of(event));
            put(all, retry::event_key("l", event_of(event)), "word", std::string(view(word.key)) + word.channel);
            put(all, "hg:wd:" + std::string(view(word.key)), raw(event_of(event)) + word.channel,
                std::to_string(model_.shares[partition].open[event]));
            put(all, "hg:words", std::string(view(word.key)), word.what);
        }
        for (const auto& [name, delivery] : model_.deliveries)
            expect_delivery(all, name, delivery);
        return all;
    }

    void expect_share(Dump& all, Partition partition, const StoreModel::Share& share)
    {
        auto key = [&](std::string_view kind) { return retry::partition_key(kind, partition); };
        for (const auto& [seq, entry] : share.in) {
            auto text = "e=" + raw(event_of(entry.first));
            if (entry.second != seq)
                text += " o=" + std::to_string(entry.second);
            put(all, key("in"), std::to_string(seq) + "-0", text);
        }
        for (const auto& [event, origin] : share.open) {
            put(all, key("open"), raw(event_of(event)), std::to_string(origin));
            if (model_.left_of(event) == 0)
                put(all, key("rest"), raw(event_of(event)), "");
        }
        int n = 0;
        for (const auto& outcome : share.history) {
            auto text =
                "e=" + raw(event_of(outcome.event)) + " s=" + outcome.state + " r=" + std::to_string(outcome.round);
            if (outcome.delivery)
                text += " d=" + id(*outcome.delivery).raw().substr(16);
            if (outcome.ended)
                text += std::string(" end=") + static_cast<char>(*outcome.ended);
            else if (outcome.delivery)
                text += outcome.waiting ? " now=w" : " now=d";
            put(all, key("hist"), std::to_string(++n), text);
        }
        auto of_state = [&](DeliveryState state) {
            return model_.count(
                [&](const Name& name, const auto& d) { return d.state == state && model_.home(name) == partition; });
        };
        std::int64_t kept = 0;
        std::int64_t kept_bytes = 0;
        for (const auto& [event, origin] : share.open) {
            kept += model_.keeps_body(event) ? 1 : 0;
            kept_bytes += model_.keeps_body(event) ? static_cast<std::int64_t>(envelope_of(event).size()) : 0;
        }
        const std::pair<const char*, std::int64_t> counters[]{{"accepted", share.accepted},
                                                              {"applied", share.applied},
                                                              {"suppressed", share.suppressed},
                                                              {"discarded", share.discarded},
                                                              {"d_created", share.d_created},
                                                              {"d_applied", share.d_applied},
                                                              {"d_suppressed", share.d_suppressed},
                                                              {"d_discarded", share.d_discarded},
                                                              {"kept", kept},
                                                              {"kept_bytes", kept_bytes},
                                                              {"d_dead", of_state(DeliveryState::dead)},
                                                              {"d_again", of_state(DeliveryState::again)},
                                                              {"hw", static_cast<std::int64_t>(share.high_water)}};
        for (const auto& [name, value] : counters)
            put(all, key("P"), name, std::to_string(value));
    }

    void expect_record(Dump& all, std::uint64_t event, const StoreModel::Record& record)
    {
        auto key = retry::event_key("e", event_of(event));
        std::string halves;
        for (const auto& name : record.placed)
            halves += id(name).raw().substr(16);
        put(all, key, "p", std::to_string(record.partition));
        put(all, key, "seq", std::to_string(record.seq));
        put(all, key, "round", std::to_string(record.round));
        put(all, key, "body", record.body_in_history ? "history" : "redis");
        put(all, key, "config", "7");
        put(all, key, "worst", record.worst);
        put(all, key, "channel", record.placed.empty() ? "" : channel_of(event));
        put(all, key, "maybe", record.maybe_sent ? "1" : "");
        put(all, key, "d", halves);
        std::string by;
        for (const auto& who : record.by)
            by += (by.empty() ? "" : "\n") + who;
        put(all, key, "by", by);
        put(all, key, "kept", model_.keeps_body(event) ? std::to_string(envelope_of(event).size()) : "");
        put(all, key, "left", std::to_string(model_.left_of(event)));
        for (auto state : {DeliveryState::dead, DeliveryState::again, DeliveryState::applied, DeliveryState::discarded})
            put(all, key, std::string(name_of(state)), std::to_string(model_.count_of(event, state)));
    }

    void expect_letter(Dump& all, const std::string& key, const retry::Letter& letter, const std::string& failure_class,
                       const StoreModel::Letter& kept, std::uint32_t attempts)
    {
        put(all, key, "stage", letter.stage);
        put(all, key, "class", failure_class);
        put(all, key, "code", letter.code);
        put(all, key, "where",
            letter.where.document + "\n" + letter.where.config + "\n" + letter.type + "\n" + letter.entity + "\n" +
                letter.order_number);
        put(all, key, "cause", kept.cause);
        put(all, key, "queue", letter.queue);
        put(all, key, "due", std::to_string(letter.due.time_since_epoch().count()));
        put(all, key, "config", "7");
        put(all, key, "attempts", std::to_string(attempts));
        put(all, key, "excerpt", letter.excerpt);
        put(all, key, "round", std::to_string(kept.round));
        auto partition = model_.records[event_number(key)].partition;
        auto& causes = all[retry::partition_key("causes", partition)][kept.cause];
        causes = std::to_string((causes.empty() ? 0 : std::stoi(causes)) + 1);
    }
    static std::uint64_t event_number(const std::string& letter_key)
    {
        std::uint64_t number = 0;
        for (char byte : letter_key.substr(5 + 8, 8))
            number = number << 8U | static_cast<unsigned char>(byte);
        return number;
    }

    void expect_delivery(Dump& all, const Name& name, const StoreModel::Delivery& d)
    {
        auto partition = model_.home(name);
        auto of_share = [&](std::string_view kind) { return retry::partition_key(kind, partition); };
        const auto& told = d.told;
        auto member = id(name).raw();
        auto at = std::to_string(told.at);
        auto key = "hg:d:" + member;
        auto own = delivery_as(d.state, d.entity, name.slot, name.system);
        const char* orders[]{"latest", "sequence", "free"};
        put(all, key, "p", std::to_string(partition));
        put(all, key, "slot", own.slot.text());
        put(all, key, "system", name.system);
        put(all, key, "lane", std::string(view(own.lane)));
        put(all, key, "type", d.type);
        put(all, key, "order", orders[static_cast<std::size_t>(d.order)]);
        put(all, key, "n", std::to_string(d.place));
        put(all, key, "first", std::to_string(d.first));
        put(all, key, "seq", std::to_string(d.seq));
        put(all, key, "effect", std::string(view(own.effect)));
        put(all, key, "state", std::string(name_of(d.state)));
        put(all, key, "attempts", std::to_string(d.attempts));
        put(all, key, "maybe", d.maybe ? "1" : "0");
        put(all, key, "progress", d.progress);
        put(all, key, "version", d.version);
        for (const auto& [rule, content] : d.approved)
            put(all, key, "ok:" + rule, std::string(32, content) + "note");
        put(all, key, "reason", told.reason);
        put(all, key, "class", told.failure_class);
        auto has_lane = [&] { put(all, "hg:blk:" + std::string(view(own.lane)), "", member); };
        switch (d.state) {
        case DeliveryState::ready:
            put(all, of_share("ready") + ":" + name.system, member, std::to_string(d.seq));
            break;
        case DeliveryState::due:
            put(all, of_share("due") + ":" + name.system, member, at);
            put(all, key, "next", at);
            break;
        case DeliveryState::busy: put(all, of_share("busy") + ":" + name.system, member, at); break;
        case DeliveryState::lane: {
            std::string place(view(own.lane));
            for (int shift = 56; shift >= 0; shift -= 8)
                place.push_back(static_cast<char>(d.seq >> static_cast<unsigned>(shift) & 0xffU));
            place.push_back(static_cast<char>(d.place >> 8U));
            place.push_back(static_cast<char>(d.place & 0xffU));
            put(all, of_share("lane"), place + member, "0");
            EXPECT_TRUE(model_.owner(name.system, d.entity)) << "waits for nobody";
            break;
        }
        case DeliveryState::park:
            put(all, of_share("park"), member, at);
            put(all, key, "pk", std::string(view(missing_of(what_of(told.missing)))));
            put(all, key, "what", told.what);
            put(all, key, "pass", told.pass ? "1" : "0");
            put(all, "hg:pk:" + std::string(view(missing_of(what_of(told.missing)))), member, "");
            break;
        case DeliveryState::hold:
            put(all, of_share("hold"), member, at);
            put(all, key, "rule", told.rule);
            put(all, key, "content", told.rule.empty() ? "" : std::string(32, told.content));
            put(all, key, "due", at);
            put(all, key, "what", told.what);
            if (!d.escalated)
                break;
            put(all, key, "escalated", "1");
            put(all, "hg:escalated", member, "");
            break;
        case DeliveryState::dead: {
            put(all, of_share("dead"), member, "some time");
            auto letter_key = "hg:l:" + member;
            auto letter = telling_of().letter.value();
            expect_letter(all, letter_key, letter, told.failure_class, d.letter, d.attempts);
            put(all, letter_key, "slot", own.slot.text());
            put(all, letter_key, "system", name.system);
            put(all, letter_key, "type", d.type);
            break;
        }
        case DeliveryState::again: break;
        default: put(all, key, "target", told.target);
        }
        if (StoreModel::has_lane(d))
            has_lane();
    }

    static std::string shown(const std::string& raw)
    {
        std::string text;
        for (char c : raw) {
            auto byte = static_cast<unsigned char>(c);
            if (byte >= 32 && byte < 127)
                text.push_back(c);
            else
                text += "\\" + to_hex(std::span(&byte, 1));
        }
        return text;
    }

    void compare_all()
    {
        auto found = dump();
        auto should = expected();
        if (found == should)
            return;
        for (const auto& [key, fields] : should)
            for (const auto& [field, value] : fields)
                if (!found[key].contains(field) || found[key][field] != value)
                    ADD_FAILURE() << shown(key) << " " << shown(field) << " should be " << shown(value) << " and is "
                                  << (found[key].contains(field) ? shown(found[key][field]) : "not there");
        for (const auto& [key, fields] : found)
            for (const auto& [field, value] : fields)
                if (!should[key].contains(field))
                    ADD_FAILURE() << shown(key) << " " << shown(field) << " is there: " << shown(value);
    }
};

}  // namespace headgate::test
