#include <openssl/err.h>
#include <openssl/ssl.h>

#include "http_pool_harness.hpp"

namespace headgate::net {
namespace {

using Context = std::shared_ptr<SSL_CTX>;

class HttpPoolTlsTest : public HttpPoolTest {
protected:
    static Certificate authority(const std::string& name)
    {
        CertificateWish wish;
        wish.name = name;
        wish.alternatives.clear();
        wish.is_authority = true;
        return make_certificate(wish);
    }
    static Context server(const Certificate& certificate)
    {
        Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
        SSL_CTX_use_certificate(context.get(), certificate.x509.get());
        SSL_CTX_use_PrivateKey(context.get(), certificate.key.get());
        return context;
    }
    Context server(const CertificateWish& wish = {}) { return server(make_certificate(wish, &authority_)); }

    HttpPoolOptions options()
    {
        auto made = local_options();
        made.tls.ca_file = ca_file_;
        return made;
    }

    /// The code of a call to a server that the pool ought not to believe.
    std::string refused_by_pool(const Context& context)
    {
        auto outcome = get();
        auto peer = accept(context.get());
        EXPECT_FALSE(peer.shake_hands() && !peer.ended()) << "the pool goes on";
        return say(outcome);
    }
    std::string detail(const Context& context)
    {
        auto outcome = get();
        auto peer = accept(context.get());
        peer.shake_hands();
        const auto& answer = wait(outcome);
        return answer ? "" : answer.error().detail;
    }

    TemporaryFolder folder_;
    Certificate authority_ = authority("Test CA");
    std::string ca_file_ = folder_.write("ca.pem", authority_);
};

TEST_F(HttpPoolTlsTest, TalksToAServerOfTheRightNameAndUsesTheConnectionAgain)
{
    const auto context = server();
    start_by_name(options());
    auto first = send(post_call("/1", "body"));
    auto peer = accept(context.get());

    ASSERT_TRUE(peer.shake_hands());
    EXPECT_EQ(peer.server_name(), "erp.test");
    EXPECT_TRUE(peer.request().ends_with("\r\n\r\nbody"));
    peer.answer("one");
    EXPECT_EQ(say(first), "one");
    ASSERT_EQ(pool_->counts().idle, 1U);

    auto second = get("/2");
    EXPECT_TRUE(peer.request().starts_with("GET /2 "));
    peer.answer("two");
    EXPECT_EQ(say(second), "two");
    EXPECT_TRUE(nobody_waits());
}

TEST_F(HttpPoolTlsTest, TalksToAnAddressThatTheCertificateNames)
{
    CertificateWish wish;
    wish.alternatives = "IP:127.0.0.1";
    const auto context = server(wish);
    pool_.emplace(io_.get_executor(), HttpOrigin{true, "127.0.0.1", listener_->port()}, options());
    auto outcome = get();
    auto peer = accept(context.get());

    ASSERT_TRUE(peer.shake_hands());
    EXPECT_EQ(peer.server_name(), "");
    peer.request();
    peer.answer("ok");
    EXPECT_EQ(say(outcome), "ok");
}

TEST_F(HttpPoolTlsTest, RefusesAnAddressThatTheCertificateDoesNotName)
{
    CertificateWish wish;
    wish.alternatives = "IP:127.0.0.2,DNS:127.0.0.1";
    const auto context = server(wish);
    pool_.emplace(io_.get_executor(), HttpOrigin{true, "127.0.0.1", listener_->port()}, options());

    EXPECT_EQ(refused_by_pool(context), "transient tls_failed");
    EXPECT_NE(detail(context).find("IP address mismatch"), std::string::npos);
}

TEST_F(HttpPoolTlsTest, RefusesACertificateOfAnotherHost)
{
    CertificateWish wish;
    wish.alternatives = "DNS:other.test,DNS:test,DNS:*.erp.test";
    const auto context = server(wish);
    start_by_name(options());

    EXPECT_EQ(refused_by_pool(context), "transient tls_failed");
    EXPECT_EQ(detail(context),
              "erp.test:" + std::to_string(listener_->port()) + ": its certificate is not accepted: hostname mismatch");
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTlsTest, RefusesAnExpiredCertificate)
{
    CertificateWish wish;
    wish.from_days = -2;
    wish.to_days = -1;
    const auto context = server(wish);
    start_by_name(options());

    EXPECT_EQ(refused_by_pool(context), "transient tls_failed");
    EXPECT_NE(detail(context).find("certificate has expired"), std::string::npos);
}

TEST_F(HttpPoolTlsTest, RefusesACertificateThatNobodySigned)
{
    const auto context = server(make_certificate({}));
    start_by_name(options());

    EXPECT_EQ(refused_by_pool(context), "transient tls_failed");
    EXPECT_NE(detail(context).find("self-signed certificate"), std::string::npos);
}

TEST_F(HttpPoolTlsTest, RefusesACertificateOfAnAuthorityThatIsNotInTheFile)
{
    const auto stranger = authority("Test CA");
    const auto context = server(make_certificate({}, &stranger));
    start_by_name(options());

    EXPECT_EQ(refused_by_pool(context), "transient tls_failed");
}

TEST_F(HttpPoolTlsTest, TheSystemsAuthoritiesDoNotKnowOurs)
{
    const auto context = server();
    pool_.emplace(io_.get_executor(), HttpOrigin{true, "127.0.0.1", listener_->port()}, local_options());
    ASSERT_FALSE(pool_->fault());

    EXPECT_EQ(refused_by_pool(context), "transient tls_failed");
    EXPECT_NE(detail(context).find("unable to get local issuer certificate"), std::string::npos);
}

TEST_F(HttpPoolTlsTest, SpeaksTls12AndUpOnly)
{
    start_by_name(options());
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
        const auto context = server();
        SSL_CTX_set_cipher_list(context.get(), "DEFAULT:@SECLEVEL=0");
        SSL_CTX_set_min_proto_version(context.get(), version);
        SSL_CTX_set_max_proto_version(context.get(), version);
        EXPECT_EQ(refused_by_pool(context), "transient tls_failed");
    }

    const auto context = server();
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    auto outcome = get();
    auto peer = accept(context.get());
    ASSERT_TRUE(peer.shake_hands());
    peer.request();
    peer.answer("ok");
    EXPECT_EQ(say(outcome), "ok");
    EXPECT_EQ(pool_->counts().idle, 1U);
}

TEST_F(HttpPoolTlsTest, APeerThatDoesNotSpeakTlsIsTransient)
{
    start_by_name(options());
    auto outcome = get();
    auto peer = accept();
    peer.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");

    EXPECT_EQ(say(outcome), "transient tls_failed");
}

TEST_F(HttpPoolTlsTest, APeerThatLeavesTheHandshakeIsTransient)
{
    start_by_name(options());
    auto outcome = get();
    auto peer = accept();
    peer.read(1);
    peer.reset();

    EXPECT_EQ(say(outcome), "transient tls_failed");
}

TEST_F(HttpPoolTlsTest, AHandshakeThatDoesNotEndInTimeIsTransient)
{
    start_by_name(options());
    std::string code;
    for (auto limit = 20ms; limit < 60s && code != "transient tls_failed"; limit *= 4)
        code = say(send(call_until(limit)));

    EXPECT_EQ(code, "transient tls_failed");
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTlsTest, ABodyWithoutALengthEndsWithAWordAndNotWithACutLine)
{
    const auto context = server();
    start_by_name(options());
    for (const bool is_cut : {false, true}) {
        auto outcome = get();
        auto peer = accept(context.get());
        ASSERT_TRUE(peer.shake_hands());
        peer.request();
        peer.write("HTTP/1.1 200 OK\r\n\r\nall of it");
        if (is_cut)
            peer.cut();
        else
            peer.close();

        EXPECT_EQ(say(outcome), is_cut ? "unknown_outcome answer_broken" : "all of it");
    }
}

TEST_F(HttpPoolTlsTest, AConnectionThatEndsWithoutAnAnswerLeavesTheOutcomeUnknown)
{
    const auto context = server();
    start_by_name(options());
    for (const bool is_cut : {false, true}) {
        auto outcome = get();
        auto peer = accept(context.get());
        ASSERT_TRUE(peer.shake_hands());
        peer.request();
        if (is_cut)
            peer.cut();
        else
            peer.close();
        EXPECT_EQ(say(outcome), "unknown_outcome no_answer");
    }
}

TEST_F(HttpPoolTlsTest, AnIdleConnectionThatThePeerClosesIsDropped)
{
    const auto context = server();
    start_by_name(options());
    auto first = get();
    auto peer = accept(context.get());
    ASSERT_TRUE(peer.shake_hands());
    peer.request();
    peer.answer("one");
    EXPECT_EQ(say(first), "one");

    peer.close();
    auto second = get();
    auto other = accept(context.get());
    ASSERT_TRUE(other.shake_hands());
    other.request();
    other.answer("two");

    EXPECT_EQ(say(second), "two");
}

TEST_F(HttpPoolTlsTest, TheSecondOfTwoAnswersIsNobodysAnswerInARecordOfItsOwnEither)
{
    const auto context = server();
    start_by_name(options());
    auto first = get();
    auto peer = accept(context.get());
    ASSERT_TRUE(peer.shake_hands());
    peer.request();
    peer.answer("one");
    peer.answer("forged");
    EXPECT_EQ(say(first), "one");
    EXPECT_EQ(pool_->counts().open, 0U);

    auto second = get();
    auto other = accept(context.get());
    ASSERT_TRUE(other.shake_hands());
    other.request();
    other.answer("two");

    EXPECT_EQ(say(second), "two");
    EXPECT_TRUE(peer.ended());
}

TEST_F(HttpPoolTlsTest, AsksMaySendWhenTheHandshakeIsOver)
{
    const auto context = server();
    start_by_name(options());
    HttpCall call;
    std::optional<Peer> peer;
    bool asked = false;
    call.may_send = [&]() -> std::optional<Failure> {
        asked = true;
        return Failure{FailureClass::transient, "lease_lost", "", {}};
    };
    auto outcome = send(call);
    peer.emplace(accept(context.get()));
    EXPECT_FALSE(asked);

    ASSERT_TRUE(peer->shake_hands());

    EXPECT_EQ(say(outcome), "transient lease_lost");
    EXPECT_TRUE(peer->quiet() || peer->ended());
}

// --- the client's own certificate ------------------------------------------------------------------------------

TEST_F(HttpPoolTlsTest, ShowsItsOwnCertificateWhenAsked)
{
    const auto own = make_certificate({}, &authority_);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto context = server();
        SSL_CTX_set_max_proto_version(context.get(), version);
        SSL_CTX_load_verify_locations(context.get(), ca_file_.c_str(), nullptr);
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        auto with = options();
        with.tls.certificate_file = folder_.write("own.pem", own);
        with.tls.key_file = folder_.write_key("own.key", own);
        start_by_name(with);
        auto outcome = get();
        auto peer = accept(context.get());

        ASSERT_TRUE(peer.shake_hands());
        EXPECT_TRUE(peer.has_client_certificate());
        peer.request();
        peer.answer("ok");
        EXPECT_EQ(say(outcome), "ok");
    }
}

TEST_F(HttpPoolTlsTest, AServerThatMissesItIsTransientWhereNothingWasSentAndUnknownElse)
{
    start_by_name(options());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto context = server();
        SSL_CTX_set_max_proto_version(context.get(), version);
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        auto outcome = get();
        auto peer = accept(context.get());
        EXPECT_FALSE(peer.shake_hands());
        peer.reset();

        // With TLS 1.3 a client is through before the server has looked at its certificate.
        EXPECT_EQ(say(outcome), version == TLS1_2_VERSION ? "transient tls_failed" : "unknown_outcome no_answer");
    }
}

TEST_F(HttpPoolTlsTest, FilesThatCannotBeUsedAreAFaultThatEveryCallGets)
{
    const auto own = make_certificate({}, &authority_);
    const auto other = make_certificate({}, &authority_);
    const auto own_file = folder_.write("own.pem", own);
    const std::vector<TlsOptions> broken{
        {"/nonexistent/ca.pem", "", ""},
        {folder_.write_text("empty.pem", ""), "", ""},
        {folder_.write_text("text.pem", "no certificate"), "", ""},
        {ca_file_, "/nonexistent/own.pem", ""},
        {ca_file_, own_file, ""},
        {ca_file_, own_file, "/nonexistent/own.key"},
        {ca_file_, own_file, folder_.write_key("other.key", other)},
        {ca_file_, own_file, folder_.write_key("locked.key", own, "password")},
        {ca_file_, "", folder_.write_key("lone.key", own)},
    };

    for (const auto& tls : broken) {
        auto with = options();
        with.tls = tls;
        start_by_name(with);

        ASSERT_TRUE(pool_->fault()) << tls.ca_file << " " << tls.key_file;
        EXPECT_EQ(say(get()), "permanent tls_unusable");
        EXPECT_EQ(ERR_peek_error(), 0U);
    }
    EXPECT_TRUE(nobody_waits());
}

}  // namespace
}  // namespace headgate::net
