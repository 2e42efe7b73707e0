#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "connectors/formats/form.hpp"
#include "connectors/signatures/scheme.hpp"
#include "tests/unit/connectors/signed_request.hpp"

namespace headgate::connectors {

/// Schemes as a connector writes them.
class SignatureSchemesTest : public ::testing::Test {
protected:
    SignatureSchemesTest()
    {
        std::string name = (std::filesystem::temp_directory_path() / "headgate-scheme-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~SignatureSchemesTest() override { std::filesystem::remove_all(folder_); }

    struct Holder {
        SignatureConfig signature;
        void describe(config::Schema& schema) { schema.section("signature", signature, "The scheme."); }
    };

    /// The `signature` of a connector.yaml, and what is wrong with it.
    std::pair<SignatureConfig, std::string> read(const std::string& yaml)
    {
        std::ofstream(folder_ + "/connector.yaml") << "signature: { " << yaml << " }\n";
        Holder holder;
        std::string codes;
        for (const auto& problem :
             config::read_file(folder_ + "/connector.yaml", holder, config::process_environment()))
            codes += (codes.empty() ? "" : " ") + problem.code;
        return {holder.signature, codes};
    }

    std::unique_ptr<Verifier> verifier(const std::string& yaml, const std::vector<std::string>& secrets)
    {
        const auto [signature, codes] = read(yaml);
        EXPECT_EQ(codes, "") << yaml;
        auto made = signature.verifier(secrets);
        if (!made) {
            ADD_FAILURE() << yaml << ": " << made.error().detail;
            return nullptr;
        }
        return std::move(*made);
    }

    static std::string code(const Verifier& verifier, const Sent& sent)
    {
        const auto result = verifier.verify(sent.request());
        return result ? "ok" : result.error().code;
    }

    std::string folder_;
};

// What a vendor has that signs with a key of its own.

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

inline std::string pem_of(EVP_PKEY* key)
{
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PUBKEY(out.get(), key);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

inline std::string signed_by(EVP_PKEY* key, const EVP_MD* hash, bool pss, std::string_view bytes)
{
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EVP_PKEY_CTX* terms = nullptr;
    EVP_DigestSignInit(context.get(), &terms, hash, nullptr, key);
    if (pss) {
        EVP_PKEY_CTX_set_rsa_padding(terms, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(terms, RSA_PSS_SALTLEN_DIGEST);
    }
    std::size_t size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size());
    std::string signature(size, '\0');
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data, bytes.size());
    signature.resize(size);
    return signature;
}

/// Changes something of what a signature covers, or of the signature itself. Letters become others that differ in more
/// than their case, so that hex and the names of schemes mean something else.
inline void forge(Sent& sent, bool query_counts, std::mt19937& random)
{
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    const auto change = [&](std::string& text) {
        const std::size_t at = below(text.size());
        switch (below(3)) {
        case 0: {
            const char was = text[at];
            do
                text[at] = "abcdefghijklmnopqrstuvwxyz0123456789"[below(36)];
            while ((text[at] | 0x20) == (was | 0x20));
            break;
        }
        case 1: text.insert(at, 1, 'Q'); break;
        default: text.erase(at, 1); break;
        }
    };
    std::vector<std::string*> texts;
    if (!sent.body.empty())
        texts.push_back(&sent.body);
    if (!sent.headers.empty())
        texts.push_back(&sent.headers[below(sent.headers.size())].second);
    if (query_counts)
        texts.push_back(&sent.query);
    change(*texts[below(texts.size())]);
}

class ForgeryTest : public SignatureSchemesTest {
protected:
    void none_passes(const Verifier& verifier, const Sent& good, bool query_counts = false)
    {
        ASSERT_EQ(code(verifier, good), "ok");
        std::mt19937 random(7);
        for (int i = 0; i < 1000; ++i) {
            Sent forged = good;
            forge(forged, query_counts, random);
            if (forged.body == good.body && forged.headers == good.headers && forged.query == good.query)
                continue;
            EXPECT_NE(code(verifier, forged), "ok")
                << "body " << forged.body << "\nheader " << (forged.headers.empty() ? "" : forged.headers[0].second)
                << "\nquery " << forged.query;
        }
    }

    /// Signed by the scheme itself.
    void none_passes(const std::string& yaml, const std::string& secret, Sent sent)
    {
        const auto made = verifier(yaml, {secret});
        const auto signature = made->sign(sent.request(), 0);
        ASSERT_TRUE(signature) << signature.error().detail;
        sent.headers.insert(sent.headers.end(), signature->headers.begin(), signature->headers.end());
        for (const auto& [name, value] : signature->form)
            sent.body += (sent.body.empty() ? "" : "&") + name + "=" + form_encoded(value);
        for (const auto& [name, value] : signature->query)
            sent.query += (sent.query.empty() ? "" : "&") + name + "=" + form_encoded(value);
        none_passes(*made, sent, !signature->query.empty());
    }
};

}  // namespace headgate::connectors
