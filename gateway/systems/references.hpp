#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "core/async.hpp"
#include "core/system.hpp"
#include "mapping/context.hpp"
#include "net/redis/connection.hpp"

namespace headgate::gateway {

/// One cross-reference that is asked for: what a system calls the thing of a kind that is known here by an id.
struct ReferenceKey {
    std::string system;
    std::string kind;
    std::string id;  // within a source it begins with `SOURCE\0`
    auto operator<=>(const ReferenceKey&) const = default;
};

/// Ids of one shop mean nothing in another, so what an answer told is kept with its source.
[[nodiscard]] std::string id_within(std::string_view source, std::string_view id);

/// Cross-references as they are in Redis (`hg:x:<system>\0<kind>`), with those that were read lately at hand. One
/// thread: its connection's.
class References {
public:
    explicit References(net::Redis& redis) : redis_(redis) {}

    [[nodiscard]] const std::string* known(const ReferenceKey& key) const;
    /// Reads these; what is there is known from now on.
    Task<void> fetch(std::vector<ReferenceKey> keys);
    /// Durable when it returns.
    Task<void> store(std::string system, std::vector<CrossReference> references);
    /// Somebody else may have written.
    void forget() { known_.clear(); }

private:
    static constexpr std::size_t most_known = 100'000;
    void keep(const ReferenceKey& key, std::string target);

    net::Redis& redis_;
    std::map<ReferenceKey, std::string> known_;
};

/// What one request sees of them. Evaluation cannot wait, so a key that is not at hand is noted and reads as unknown:
/// whoever evaluates fetches what was noted and evaluates again.
class ReferenceView final : public mapping::CrossReferences {
public:
    ReferenceView(const References& references, std::string_view source) : references_(references), source_(source) {}

    [[nodiscard]] std::optional<std::string> find(std::string_view kind, std::string_view id,
                                                  std::string_view system) const override;
    /// What was noted since the last call. They count as looked up from now on.
    [[nodiscard]] std::vector<ReferenceKey> take_noted();
    /// The last one that is known to be missing.
    [[nodiscard]] const std::optional<ReferenceKey>& missing() const { return missing_; }

private:
    const References& references_;
    std::string_view source_;
    mutable std::vector<ReferenceKey> noted_;
    mutable std::optional<ReferenceKey> missing_;
    std::set<ReferenceKey> looked_up_;
};

}  // namespace headgate::gateway
