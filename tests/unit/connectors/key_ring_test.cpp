// When a vendor is asked for a key, and how long its answer counts.

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "connectors/signatures/key_ring.hpp"
#include "tests/support/vendor_keys.hpp"

namespace headgate::connectors {

namespace {

using namespace std::chrono_literals;
using Step = KeyRing::Step;
using test::VendorKey;

class KeyRingTest : public ::testing::Test {
protected:
    static KeysConfig set_of_keys()
    {
        KeysConfig config;
        config.url = "https://vendor.example/jwks";
        config.form = KeysConfig::Form::jwks;
        config.id_header = "X-Key";
        return config;
    }

    static WantedKey key(const std::string& id) { return {"https://vendor.example/jwks", id}; }

    Step look(const std::string& id) { return ring_.look(key(id), now_).step; }

    /// The vendor's answer: a set with these ids.
    void learn(const std::string& asked, const std::vector<std::string>& ids)
    {
        std::string set;
        for (const auto& id : ids)
            set += (set.empty() ? "" : ",") + vendor_.jwk(id);
        ASSERT_TRUE(ring_.learn(key(asked), R"({"keys":[)" + set + "]}", now_, today_));
    }

    std::string verdict(const std::string& id) const
    {
        const auto keys = ring_.keys(key(id), today_);
        return keys ? "known" : keys.error().code;
    }

    const VendorKey vendor_ = VendorKey::ed25519();
    KeyRing ring_{set_of_keys(), SignatureAlgorithm::ed25519};
    KeyRing::Clock::time_point now_ = KeyRing::Clock::time_point{} + 1000h;
    std::chrono::system_clock::time_point today_ = std::chrono::system_clock::now();
};

TEST_F(KeyRingTest, OneAsksAndTheOthersWait)
{
    EXPECT_EQ(look("a"), Step::fetch);
    EXPECT_EQ(look("a"), Step::wait);
    EXPECT_EQ(look("b"), Step::wait) << "it is the same URL";
    int woken = 0;
    const auto waiting = ring_.wait(key("a").url, [&] { ++woken; });
    {
        const auto gone = ring_.wait(key("a").url, [&] { woken += 100; });
        ASSERT_TRUE(gone);
    }
    ASSERT_TRUE(waiting);

    learn("a", {"a", "b"});

    EXPECT_EQ(woken, 1);
    EXPECT_EQ(look("a"), Step::ready);
    EXPECT_EQ(look("b"), Step::ready);
    EXPECT_EQ(verdict("b"), "known");
    EXPECT_FALSE(ring_.wait(key("a").url, [] {})) << "nobody is under way any more";
}

TEST_F(KeyRingTest, AKeyIsRenewedBeforeItRunsOut)
{
    look("a");
    learn("a", {"a"});
    now_ += 44min;
    EXPECT_EQ(look("a"), Step::ready);
    now_ += 1min;
    EXPECT_EQ(look("a"), Step::renew);
    EXPECT_EQ(look("a"), Step::ready) << "somebody does already";
    ring_.failed(key("a"), now_);
    now_ += 59s;
    EXPECT_EQ(look("a"), Step::ready) << "a minute between two tries";
    now_ += 1s;
    EXPECT_EQ(look("a"), Step::renew);
    learn("a", {"a"});
    now_ += 44min;
    EXPECT_EQ(look("a"), Step::ready);
}

TEST_F(KeyRingTest, AKeyWithoutDatesIsBelievedForAllOfCached)
{
    KeysConfig config = set_of_keys();
    config.cached = 7 * 24h;
    KeyRing ring(config, SignatureAlgorithm::ed25519);
    ASSERT_EQ(ring.look(key("a"), now_).step, Step::fetch);
    ASSERT_TRUE(ring.learn(key("a"), R"({"keys":[)" + vendor_.jwk("a") + "]}", now_, today_));
    EXPECT_EQ(ring.look(key("a"), now_ + 5 * 24h).step, Step::ready);
    EXPECT_EQ(ring.look(key("a"), now_ + 6 * 24h).step, Step::renew);
}

TEST_F(KeyRingTest, AKnownKeyIsUsedOnForADayWhenTheVendorIsAway)
{
    look("a");
    learn("a", {"a"});
    now_ += 1h;
    EXPECT_EQ(look("a"), Step::fetch) << "it has run out, so the vendor is asked first";
    EXPECT_EQ(look("a"), Step::wait);
    ring_.failed(key("a"), now_);
    EXPECT_EQ(look("a"), Step::ready);
    EXPECT_EQ(verdict("a"), "known");
    now_ += 24h - 1s;
    EXPECT_EQ(look("a"), Step::fetch);
    ring_.failed(key("a"), now_);
    EXPECT_EQ(look("a"), Step::ready);
    now_ += 2s;
    const auto later = ring_.look(key("a"), now_);
    EXPECT_EQ(later.step, Step::later) << "the day is over";
    EXPECT_EQ(later.later, 58s);
    now_ += 58s;
    EXPECT_EQ(look("a"), Step::fetch);
    learn("a", {"a"});
    EXPECT_EQ(look("a"), Step::ready);
}

TEST_F(KeyRingTest, AKeyThatTheVendorHasNotIsAskedForOnceAMinute)
{
    look("x");
    learn("x", {"a"});
    EXPECT_EQ(look("x"), Step::ready);
    EXPECT_EQ(verdict("x"), "key_unknown");
    EXPECT_EQ(verdict("a"), "known");
    now_ += 59s;
    EXPECT_EQ(look("x"), Step::ready);
    now_ += 1s;
    EXPECT_EQ(look("x"), Step::fetch);
    learn("x", {"a", "x"});
    EXPECT_EQ(verdict("x"), "known") << "it was published meanwhile";
}

TEST_F(KeyRingTest, AFailureIsNotAskedAfterAtOnce)
{
    look("a");
    ring_.failed(key("a"), now_);
    const auto later = ring_.look(key("a"), now_);
    EXPECT_EQ(later.step, Step::later);
    EXPECT_EQ(later.later, 6s);
    EXPECT_EQ(verdict("a"), "key_unknown");
    now_ += 6s;
    EXPECT_EQ(look("a"), Step::fetch);
    EXPECT_FALSE(ring_.learn(key("a"), "<html>", now_, today_));
    EXPECT_EQ(look("a"), Step::later) << "an answer that is none counts as none";
}

TEST_F(KeyRingTest, MadeUpIdsAreAskedForTenTimesAMinuteAndHarmNoKnownKey)
{
    look("a");
    learn("a", {"a"});
    int fetches = 1;
    for (int i = 0; i < 1000; ++i) {
        now_ += 10ms;
        const std::string forged = "forged-" + std::to_string(i);
        if (look(forged) == Step::fetch) {
            ++fetches;
            learn(forged, {"a"});
        }
        EXPECT_EQ(look("a"), Step::ready);
    }
    EXPECT_EQ(fetches, 10);
    const auto later = ring_.look(key("another"), now_);
    EXPECT_EQ(later.step, Step::later);
    EXPECT_EQ(later.later, 50s) << "a minute behind the first";
    now_ += 50s;
    EXPECT_EQ(look("another"), Step::fetch);
}

TEST_F(KeyRingTest, ARenewalIsNotKeptFromByMadeUpIds)
{
    look("a");
    learn("a", {"a"});
    now_ += 50min;
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(ring_.look({"https://vendor.example/other-" + std::to_string(i), "x"}, now_).step, Step::fetch);
    EXPECT_EQ(ring_.look({"https://vendor.example/one-more", "x"}, now_).step, Step::later);
    EXPECT_EQ(look("a"), Step::renew);
}

TEST_F(KeyRingTest, WhatTheVendorTakesBackIsGone)
{
    look("old");
    learn("old", {"old"});
    now_ += 1h;
    look("old");
    learn("old", {"new"});
    EXPECT_EQ(verdict("old"), "key_unknown");
    EXPECT_EQ(verdict("new"), "known");
    now_ += 1h;
    look("new");
    ring_.not_there(key("new"), now_);
    EXPECT_EQ(look("new"), Step::ready);
    EXPECT_EQ(verdict("new"), "key_unknown");
}

TEST_F(KeyRingTest, ACertificateCountsInItsDatesAndIsAskedForAgainAtTheirEnd)
{
    KeysConfig config;
    config.url_header = "X-Cert";
    config.hosts = {"vendor.example"};
    config.cached = 7 * 24h;
    KeyRing ring(config, SignatureAlgorithm::rsa_pkcs1_sha256);
    const WantedKey wanted{"https://vendor.example/cert", ""};
    const auto vendor = VendorKey::rsa();
    const auto ca = VendorKey::rsa();
    const auto code = [&](std::chrono::system_clock::time_point at) {
        const auto keys = ring.keys(wanted, at);
        return keys ? "known" : keys.error().code;
    };

    ASSERT_EQ(ring.look(wanted, now_).step, Step::fetch);
    ASSERT_TRUE(ring.learn(wanted, vendor.certificate(ca, "a", -1, 1), now_, today_));

    EXPECT_EQ(code(today_), "known");
    EXPECT_EQ(code(today_ + 25h), "certificate_out_of_date");
    EXPECT_EQ(code(today_ - 25h), "certificate_out_of_date");
    EXPECT_EQ(ring.look(wanted, now_ + 17h).step, Step::ready);
    EXPECT_EQ(ring.look(wanted, now_ + 25h).step, Step::fetch) << "not after `cached`, when it has long run out";
    ASSERT_TRUE(ring.learn(wanted, vendor.certificate(ca, "a", -3, -1), now_ + 25h, today_));
    EXPECT_EQ(code(today_), "certificate_out_of_date") << "one that had run out before";

    // One for good: the last second that its dates can hold.
    ASSERT_EQ(ring.look(wanted, now_ + 26h).step, Step::fetch);
    ASSERT_TRUE(ring.learn(wanted, vendor.certificate(ca, "a", -1, 2'900'000), now_ + 26h, today_));
    EXPECT_EQ(code(today_), "known");
    EXPECT_EQ(ring.look(wanted, now_ + 26h + 24h).step, Step::ready);
}

TEST_F(KeyRingTest, OfManyThreadsOneAsks)
{
    std::atomic<int> fetches = 0;
    std::atomic<int> woken = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            for (Step step = look("a"); step != Step::ready; step = look("a")) {
                if (step == Step::fetch) {
                    ++fetches;
                    EXPECT_TRUE(ring_.learn(key("a"), R"({"keys":[)" + vendor_.jwk("a") + "]}", now_, today_));
                }
                const auto waiting = ring_.wait(key("a").url, [&] { ++woken; });
            }
            EXPECT_EQ(verdict("a"), "known");
        });
    threads.clear();
    EXPECT_EQ(fetches, 1);
    EXPECT_LE(woken, 7);
}

}  // namespace

}  // namespace headgate::connectors
