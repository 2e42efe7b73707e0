#include "gateway/reports.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "connectors/formats/json.hpp"
#include "core/clock.hpp"
#include "core/fault_point.hpp"
#include "gateway/bad_row.hpp"
#include "gateway/file_drop.hpp"
#include "gateway/systems/door.hpp"
#include "gateway/tools/document_text.hpp"

namespace headgate::gateway {

namespace {

/// A text that an expression must give.
Result<std::string> needed(const mapping::Expression& expression, const mapping::MappingContext& context,
                           const char* what)
{
    auto text = expression.text(context);
    if (!text)
        return std::unexpected(Failure{FailureClass::permanent, text.error().code, text.error().detail, {}});
    if (!*text || (*text)->empty())
        return fail(FailureClass::permanent, "report_incomplete", std::string("the report has no ") + what);
    return std::move(**text);
}

}  // namespace

Reports::Reports(asio::any_io_executor executor, net::Redis& redis, Admission& admission, std::string folder)
    : executor_(std::move(executor)),
      redis_(redis),
      admission_(admission),
      folder_(std::move(folder))
{}

Reports::~Reports()
{
    disk_.join();
}

Task<bool> Reports::fetch(const Channel& channel, const Poll& poll, VendorApi& api, const mapping::MappingContext& item)
{
    auto id = needed(poll.report->id, item, "id");
    auto name = needed(poll.report->file, item, "file name");
    Result<bool> done = false;
    if (!id) {
        done = std::unexpected(id.error());
    } else if (!name) {
        done = std::unexpected(name.error());
    } else if (!is_file_name(*name)) {
        done = fail(FailureClass::permanent, "bad_file_name",
                    "a file's name is of letters, digits, . _ and -, at most 128 of them");
    } else if (feed_of(channel, *name) == nullptr) {
        done = fail(FailureClass::permanent, "unknown_file", "no feed of the connector reads files of this name");
    } else {
        auto looking = FileDrop::is_placed(redis_, channel, *name, "report " + *id);
        auto placed = co_await std::move(looking);
        if (!placed || *placed)
            co_return placed ? Result<bool>(false) : std::unexpected(std::move(placed.error()));
        auto getting = get(channel, poll, api, item, *id, *name);
        done = co_await std::move(getting);
    }
    if (done || done.error().failure_class != FailureClass::permanent)
        co_return done;
    auto burying = bury(channel, poll, item, id ? *id : "", done.error());
    auto buried = co_await std::move(burying);
    if (!buried)
        co_return std::unexpected(std::move(buried.error()));
    co_return false;
}

Task<bool> Reports::get(const Channel& channel, const Poll& poll, VendorApi& api, const mapping::MappingContext& item,
                        std::string id, std::string name)
{
    const Report& report = *poll.report;
    std::optional<net::HttpAnswer> answer;
    std::optional<Document> document;
    std::optional<mapping::MappingContext> of_answer;
    if (report.document) {
        auto path = needed(*report.document, item, "path of its document");
        if (!path)
            co_return std::unexpected(std::move(path.error()));
        auto asking = api.get(api.base() + *path);
        auto asked = co_await std::move(asking);
        if (!asked.result)
            co_return std::unexpected(std::move(asked.result.error()));
        answer = std::move(*asked.result);
        auto read = connectors::read_json(answer->body);
        if (!read)
            co_return fail(FailureClass::transient, "answer_unreadable",
                           "the API's answer is no JSON: " + read.error().detail);
        of_answer.emplace(mapping::MappingContext{.document = document.emplace(std::move(*read)),
                                                  .headers = answer->headers,
                                                  .channel_name = channel.name,
                                                  .channel_zone = channel.zone,
                                                  .channel_settings = &channel.settings});
    }
    const mapping::MappingContext& about = of_answer ? *of_answer : item;
    auto url = needed(report.url, about, "URL of its file");
    if (!url)
        co_return std::unexpected(std::move(url.error()));
    bool gzip = false;
    if (report.gzip) {
        const auto holds = report.gzip->holds(about);
        if (!holds)
            co_return std::unexpected(holds.error());
        gzip = *holds;
    }
    FileDrop drop({executor_, disk_.get_executor(), redis_, folder_}, channel, std::move(name), gzip);
    auto downloading =
        api.download(std::move(*url), poll.config.report->hosts, drop, channel.config.receive->largest.bytes);
    auto downloaded = co_await std::move(downloading);
    if (drop.failure())
        co_return std::unexpected(*drop.failure());
    if (!downloaded.result)
        co_return std::unexpected(std::move(downloaded.result.error()));
    fault_point("report_downloaded");
    auto placing = drop.place("report " + id);
    const auto placed = co_await std::move(placing);
    if (!placed)
        co_return std::unexpected(placed.error());
    co_return *placed == FileDrop::Placed::now;
}

Task<void> Reports::bury(const Channel& channel, const Poll& poll, const mapping::MappingContext& item, std::string id,
                         const Failure& failure)
{
    Envelope envelope;
    envelope.received_at = wall_now();
    envelope.intake = "file report " + poll.config.name;
    envelope.topic = "report." + poll.config.name;
    envelope.body = json_text(item.document, item.root);
    envelope.idempotency_key = "report|" + poll.config.name + "|" + id + "|" + failure.code;
    mark_bad_row(envelope, failure);
    std::vector<Envelope> arrived;
    arrived.push_back(std::move(envelope));
    auto admitting = admit_all(admission_, channel, std::move(arrived));
    const auto admitted = co_await std::move(admitting);
    if (!admitted)
        co_return std::unexpected(admitted.error());
    co_return Result<void>{};
}

}  // namespace headgate::gateway
