#pragma once

#include <memory>
#include <set>
#include <string>

#include <boost/json.hpp>

namespace headgate::test {

/// Holds answers of the admin API against the OpenAPI document that this Headgate serves. Objects may there have none
/// but the members that are described, though clients are told to expect more.
class DescribedAnswers {
public:
    explicit DescribedAnswers(boost::json::value document);
    ~DescribedAnswers();
    DescribedAnswers(const DescribedAnswers&) = delete;
    DescribedAnswers& operator=(const DescribedAnswers&) = delete;

    /// What is not as described; nothing when all is, or when it is about nothing below /api/v1/.
    std::string wrong(const std::string& method, const std::string& target, int status, const std::string& body);
    /// The routes that were well answered so far, as `GET dlq/{ID}`.
    [[nodiscard]] const std::set<std::string>& answered() const { return answered_; }
    [[nodiscard]] const boost::json::object& document() const { return document_; }

private:
    struct Schemas;

    /// The operation of a request, and its name; null when there is none.
    [[nodiscard]] std::pair<const boost::json::object*, std::string> operation(const std::string& method,
                                                                               std::string_view target) const;

    boost::json::object document_;
    std::unique_ptr<Schemas> schemas_;
    std::set<std::string> answered_;
};

/// Those of this test program, which every answer to `HeadgateProcess::admin` is held against.
DescribedAnswers& described_answers();

}  // namespace headgate::test
