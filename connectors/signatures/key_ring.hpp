#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/signatures/published_keys.hpp"

namespace headgate::connectors {

/// The keys of one channel that were fetched, what is known of others, and when which may be asked for: one flight a
/// URL, whoever asks. It opens no connection; who does tells it what came of it. Calls may overlap.
///
/// A key is believed for `cached` and renewed from three quarters of that on. When that fails it is used for another
/// `grace`, and asked for again every `renew_pause`. What is not known is asked for `most_fetches` times within
/// `fetch_window` at most, whatever strangers make up, and once the vendor does not know it not again for
/// `unknown_for`.
class KeyRing {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::hours grace{24};
    static constexpr std::chrono::seconds renew_pause{60};
    static constexpr std::chrono::seconds retry_pause{6};  // of a key without which nothing can be verified
    static constexpr std::chrono::seconds unknown_for{60};
    static constexpr std::chrono::seconds fetch_window{60};
    static constexpr std::size_t most_fetches = 10;

    KeyRing(KeysConfig config, SignatureAlgorithm algorithm, std::string key_prefix = {})
        : config_(std::move(config)),
          algorithm_(algorithm),
          key_prefix_(std::move(key_prefix))
    {}

    [[nodiscard]] const KeysConfig& config() const { return config_; }

    /// Those of this id. Failures are of class auth: `key_unknown`, `certificate_out_of_date`.
    [[nodiscard]] Result<std::vector<PublicKey>> keys(const WantedKey& wanted,
                                                      std::chrono::system_clock::time_point now) const;

    enum class Step : std::uint8_t {
        ready,  // what can be known is known
        renew,  // the same, and the caller fetches
        fetch,  // the caller fetches, and waits
        wait,   // somebody fetches
        later,  // not now: the vendor could not be asked, or was asked too often
    };
    struct Look {
        Step step = Step::ready;
        std::chrono::seconds later{0};
    };
    /// What is to be done before `keys`. Whoever is told to fetch ends it by `learn`, `not_there` or `failed`.
    [[nodiscard]] Look look(const WantedKey& wanted, Clock::time_point now);

    /// The vendor's answer. Fails as KeysConfig::read does, and counts as `failed` then.
    Result<void> learn(const WantedKey& wanted, std::string_view answer, Clock::time_point now,
                       std::chrono::system_clock::time_point today);
    /// The vendor says that there is no such key.
    void not_there(const WantedKey& wanted, Clock::time_point now);
    void failed(const WantedKey& wanted, Clock::time_point now);

    /// As long as it lives, `woken` is called when the flight to its URL ends: by whoever ends it, perhaps another
    /// thread, and it must neither throw nor call the ring.
    class Waiting {
    public:
        Waiting(KeyRing& ring, std::string url, std::list<std::function<void()>>::iterator at)
            : ring_(ring),
              url_(std::move(url)),
              at_(at)
        {}
        ~Waiting();
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;

    private:
        KeyRing& ring_;
        std::string url_;
        std::list<std::function<void()>>::iterator at_;
    };
    /// Null when nobody fetches from there any more.
    [[nodiscard]] std::unique_ptr<Waiting> wait(const std::string& url, std::function<void()> woken);

private:
    /// What stands at one URL.
    struct Place {
        PublishedKeys keys;
        Clock::time_point learned{};
        Clock::duration believed{};  // from `learned` on
        std::optional<Clock::time_point> failed;
        std::map<std::string, Clock::time_point, std::less<>> unknown;  // ids, until when
        std::list<std::function<void()>> waiting;
        bool asking = false;
    };

    static Look look_at_known(Place& place, Clock::time_point now);
    static void landed(Place& place);
    static void unknown(Place& place, const std::string& id, Clock::time_point now);
    void forget(Clock::time_point now);

    KeysConfig config_;
    SignatureAlgorithm algorithm_;
    std::string key_prefix_;
    mutable std::mutex mutex_;
    std::map<std::string, Place, std::less<>> places_;  // by URL
    std::deque<Clock::time_point> fetches_;             // of what was not known
};

}  // namespace headgate::connectors
