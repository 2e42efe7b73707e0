#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/document.hpp"
#include "core/problem.hpp"
#include "core/result.hpp"
#include "mapping/canonical.hpp"
#include "mapping/mapping.hpp"
#include "mapping/vocabularies.hpp"

namespace headgate::mapping {

class CrossReferences;

/// What a sending would do a second time.
enum class Repeat : std::uint8_t {
    safe,   // nothing
    keyed,  // nothing, for the system knows it by its key
    probe,  // harm; but whether the first one arrived can be asked
    never,  // harm, and nobody can tell
};

/// An HTTP message as a request file makes it.
struct RequestMessage {
    std::string method;
    std::string path;  // from the system's url on: begins with a slash, percent-encoded, with its query
    std::vector<std::pair<std::string, std::string>> headers;
    std::string content_type;  // empty: no body
    std::string body;
};

/// All that a request may see. Borrows everything.
struct RequestContext {
    const Document& transaction;  // `.` and `$doc`
    std::string_view effect_key{};
    std::uint32_t attempt = 1;
    std::string_view source{}, entity{}, id{};  // of the transaction
    std::string_view system{};
    const Document* settings = nullptr;                                // `$system.settings`
    std::span<const std::pair<std::string, const Document*>> steps{};  // captures of the steps before, by step id
    const CrossReferences* cross_references = nullptr;
};

/// A system's answer.
struct RequestAnswer {
    const Document& body;  // empty: none
    int status = 0;
    std::span<const std::pair<std::string, std::string>> headers{};  // names in lower case
};

struct CompiledRequest;

/// How one canonical type becomes calls of a system: a file of `requests/`. The language is that of mappings, with `.`
/// for the transaction. Immutable once loaded; calls may overlap. Fails with `permanent` and in no other way.
class Request {
public:
    /// Every problem of the file together. `canonical` and `vocabularies` must outlive the request.
    static std::expected<Request, Problems> load(const SourceFile& source, const Canonical& canonical,
                                                 const Vocabularies& vocabularies,
                                                 const FragmentLoader& fragments = {});

    struct Step {
        std::string id;
        Repeat repeat = Repeat::never;
        std::optional<std::chrono::milliseconds>
            probe_after;                    // no answer proves nothing before this; set: it can probe
        std::vector<std::string> captures;  // the names that `capture` gives
        /// What looks into the body of an answer, and says nothing of one that cannot be read; and whether
        /// `success_when` looks at the status.
        struct {
            bool success = false, capture = false, found = false, status = false;
        } reads;
        bool probes_by_entity = false;  // the probe needs no transaction: `$delivery.entity`, `id` and `source` will do
    };
    [[nodiscard]] const std::string& applies() const;
    [[nodiscard]] std::span<const Step> steps() const;

    /// `when` of a step.
    [[nodiscard]] Result<bool> wanted(std::size_t step, const RequestContext& context) const;
    [[nodiscard]] Result<RequestMessage> send(std::size_t step, const RequestContext& context) const;
    [[nodiscard]] Result<RequestMessage> probe(std::size_t step, const RequestContext& context) const;
    /// What `found` of a probe gives, as JSON; nothing: it is not there.
    [[nodiscard]] Result<std::optional<std::string>> found(std::size_t step, const RequestContext& context,
                                                           const RequestAnswer& answer) const;
    /// `success_when`; without one, a status of 2xx.
    [[nodiscard]] Result<bool> succeeded(std::size_t step, const RequestContext& context,
                                         const RequestAnswer& answer) const;
    /// `capture` as a JSON object, for `$steps` of later steps.
    [[nodiscard]] Result<std::string> captured(std::size_t step, const RequestContext& context,
                                               const RequestAnswer& answer) const;

private:
    explicit Request(std::shared_ptr<const CompiledRequest> compiled) : compiled_(std::move(compiled)) {}
    std::shared_ptr<const CompiledRequest> compiled_;
};

}  // namespace headgate::mapping
