#include "observability/stored_events.hpp"

#include <utility>

namespace headgate::observability {

StoredEvents::StoredEvents(const std::filesystem::path& file, const Wanted& wanted)
    : since_(wanted.since.text()),
      channel_(wanted.channel),
      left_(wanted.most),
      reader_(file, {.read_only = true}),
      query_(reader_.prepare("SELECT event, bytes FROM event JOIN body USING (id) WHERE event < ?1 AND event >= ?2 AND "
                             "(?3 = '' OR channel = ?3) ORDER BY event DESC LIMIT 1"))
{}

Result<std::optional<StoredEvent>> StoredEvents::next()
{
    if (left_ == 0)
        return std::optional<StoredEvent>();
    const int code = query_.start(behind_, since_, channel_).step();
    if (code == SQLITE_DONE)
        return std::optional<StoredEvent>();
    if (code != SQLITE_ROW)
        return std::unexpected(sqlite::failure_of(code, "reading history"));
    --left_;
    std::string event(query_.text(0));
    StoredEvent found{EventId::parse(event).value_or(EventId()), std::string(query_.text(1))};
    query_.reset();  // whoever writes the file is not kept from tidying it up; and it borrows `behind_`
    behind_ = std::move(event);
    return std::optional(std::move(found));
}

}  // namespace headgate::observability
