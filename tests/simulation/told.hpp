#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/ids.hpp"

namespace headgate::simulation {

/// Something that happened in a shop and is told to the gateway, until that has said yes.
struct Told {
    std::size_t number = 0;
    std::string channel, source, topic;
    std::string order;          // what it is about
    std::uint64_t version = 0;  // of what it tells
    std::uint64_t quantity = 0;
    std::string key;
    std::string body;
    bool answered = false;
    bool repeated = false;  // the gateway knew it, under the name of another
    std::uint64_t seq = 0;  // once it is answered
    std::chrono::milliseconds answered_at{0};
    Partition partition = 0;

    [[nodiscard]] std::string text() const
    {
        return std::to_string(number) + ":" + topic + " " + source + "/" + order + " v" + std::to_string(version);
    }
};

/// What one kind of telling comes to: a delivery.
struct Expected {
    std::string system;
    std::string type;
};
[[nodiscard]] const std::vector<Expected>& expected_of(const std::string& topic);

/// Everything that is told in one life.
struct Tellings {
    std::vector<Told> all;
    std::map<EventId, std::size_t> by_event;  // every name under which one was tried

    [[nodiscard]] const Told* of(const EventId& event) const
    {
        const auto found = by_event.find(event);
        return found == by_event.end() ? nullptr : &all[found->second];
    }
};

}  // namespace headgate::simulation
