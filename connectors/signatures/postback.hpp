#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/signatures/signed_template.hpp"
#include "connectors/signatures/verifier.hpp"
#include "core/config/schema.hpp"

namespace headgate::connectors {

/// A vendor that is asked whether it sent a request: with what the request says of its signature, and the event itself.
struct PostbackRecipe {
    std::string path;         // from the URL of the vendor's API on
    config::Settings fields;  // of the question: texts with {header:NAME} {setting:NAME}
    std::string body;         // the field in which the event stands as it came
    struct Answer {
        std::string pointer;  // where it stands
        std::string equals;   // what it is of a request that the vendor sent
        void describe(config::Schema& schema);
    } answer;
    void describe(config::Schema& schema);

    using Fields = std::vector<std::pair<std::string, SignedTemplate>>;
    /// Fails with `signed_template`, also for parts that no question has.
    [[nodiscard]] Result<Fields> templates() const;
};

/// What can be said without the vendor: whether it can be asked about a request at all. The vendor's word is for who
/// has its API.
class PostbackVerifier final : public Verifier {
public:
    static Result<PostbackVerifier> make(PostbackRecipe recipe);

    /// `signature_malformed`: a header that is asked about is missing, or the event is no JSON.
    [[nodiscard]] Result<std::size_t> verify(const SignedRequest& request) const override;
    [[nodiscard]] Result<Signature> sign(const SignedRequest& request, std::size_t secret) const override;

    [[nodiscard]] const PostbackRecipe& recipe() const { return recipe_; }
    /// The body of the question, JSON. Fails as `verify`.
    [[nodiscard]] Result<std::string> question(const SignedRequest& request) const;
    /// Whether the vendor says that it sent it. Fails with `postback_failed` when that is no answer: no JSON.
    [[nodiscard]] Result<bool> confirmed(std::string_view answer) const;

private:
    PostbackRecipe recipe_;
    PostbackRecipe::Fields fields_;
};

}  // namespace headgate::connectors
