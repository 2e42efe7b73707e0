#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/async.hpp"
#include "mapping/context.hpp"
#include "retry/references.hpp"

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

/// Cross-references of Redis, with those that were read lately at hand. One thread: the connection's.
class ReferenceCache {
public:
    explicit ReferenceCache(retry::References stored) : stored_(stored) {}

    [[nodiscard]] const std::string* known(const ReferenceKey& key) const;
    /// Reads these; what is there is known from now on.
    Task<void> fetch(std::vector<ReferenceKey> keys);
    /// Durable when it returns.
    Task<void> store(std::vector<retry::Reference> references);
    /// Somebody else has changed some: all are read again. What is being read meanwhile is asked for once more.
    void forget();
    /// How often that was.
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

private:
    static constexpr std::size_t most_known = 100'000;
    void keep(const ReferenceKey& key, std::string target);

    retry::References stored_;
    std::map<ReferenceKey, std::string> known_;
    std::uint64_t epoch_ = 0;
};

/// What one request sees of them. Evaluation cannot wait, so a key that is not at hand is noted and reads as unknown:
/// whoever evaluates fetches what was noted and evaluates again.
class ReferenceView final : public mapping::CrossReferences {
public:
    ReferenceView(const ReferenceCache& cache, std::string_view source) : cache_(cache), source_(source) {}

    [[nodiscard]] std::optional<std::string> find(std::string_view kind, std::string_view id,
                                                  std::string_view system) const override;
    /// What was noted since the last call. They count as looked up from now on.
    [[nodiscard]] std::vector<ReferenceKey> take_noted();
    /// The one that was asked for last and is not there; its id without the source.
    [[nodiscard]] const std::optional<ReferenceKey>& missing() const { return missing_; }

private:
    const ReferenceCache& cache_;
    std::string_view source_;
    mutable std::vector<ReferenceKey> noted_;
    mutable std::optional<ReferenceKey> missing_;
    mutable std::set<ReferenceKey> looked_up_;
    mutable std::uint64_t epoch_ = 0;  // of the cache, in which they were
};

}  // namespace headgate::gateway
