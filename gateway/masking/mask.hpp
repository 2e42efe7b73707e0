#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/schema.hpp"
#include "gateway/masking/personal_names.hpp"

namespace headgate::gateway {

/// `history`: what of payloads is shown to whoever does not ask for them to be revealed.
struct HistoryConfig {
    std::vector<std::string> mask{"contact", "address", "payment"};  // groups of PersonalNames
    void describe(config::Schema& schema);
};

/// Payloads without what is personal: values of members that are called so, and whatever looks like an email address, a
/// phone, card or bank account number, become `•••`. All the rest stays byte for byte. It reads no grammar: a body that
/// is broken is masked as far as it goes, which is when people look at it. Calls may overlap; none fails.
class Mask {
public:
    static constexpr std::string_view sign = "•••";

    explicit Mask(const HistoryConfig& config) : names_(config.mask) {}

    /// A body of any format: JSON, XML and forms by their members' names too.
    [[nodiscard]] std::string body(std::string_view bytes) const;
    /// One value that is called `name`: a header.
    [[nodiscard]] std::string value(std::string_view name, std::string_view text) const;
    /// A value, as JSON, that stands at such a place of a document: "fields.lines[0].name".
    [[nodiscard]] std::string field(std::string_view path, std::string_view value) const;
    /// By what things look like, and by the names in `name=value` as URLs have them.
    [[nodiscard]] std::string text(std::string_view text) const;

private:
    friend class JsonMasking;
    friend class XmlMasking;
    [[nodiscard]] std::string form(std::string_view bytes) const;
    /// A text within a payload, which may be a document itself.
    [[nodiscard]] std::string inner(std::string_view text, int depth) const;
    [[nodiscard]] bool personal(std::string_view name, std::string_view inside, std::string_view value) const;

    PersonalNames names_;
};

}  // namespace headgate::gateway
