#include "connectors/formats/csv_scanner.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace headgate::connectors {

namespace {

bool ends_line(char letter)
{
    return letter == '\n' || letter == '\r';
}

}  // namespace

CsvScanner::CsvScanner(const CsvConfig& config, const CsvPlace& place, std::size_t most_cells)
    : decoder_(place.offset == 0 ? config.encoding : place.encoding, place.offset == 0),
      delimiter_(config.delimiter == "tab" ? "\t" : config.delimiter),
      comment_(config.comment),
      quoting_(config.quote != "none"),
      quote_(quoting_ ? config.quote.front() : '\0'),
      doubled_(config.escape == CsvConfig::Escape::doubled),
      trim_(config.trim),
      most_row_(config.most_row.bytes),
      most_open_(4 * config.most_row.bytes),
      offset_(place.offset),
      fed_(place.offset),
      line_(place.line),
      lines_to_skip_(place.offset == 0 ? static_cast<std::uint64_t>(config.skip) : 0),
      cells_(most_cells)
{
    simple_ = delimiter_.size() == 1 && !trim_;
    const auto mark = [&](char letter, Kind kind) {
        kinds_[static_cast<unsigned char>(letter)] = kind;
        marks_.look_for(letter);
    };
    mark('\n', Kind::line_end);
    mark('\r', Kind::line_end);
    mark(delimiter_.front(), Kind::delimiter);
    if (quoting_)
        mark(quote_, Kind::quote);
    if (!doubled_)
        mark('\\', Kind::backslash);
}

void CsvScanner::feed(std::string_view bytes)
{
    assert(!finished_);
    make_room();
    fed_ += bytes.size();
    decoder_.feed(bytes, buffer_);
    marks_.start(at_);
}

void CsvScanner::finish()
{
    if (!finished_)
        decoder_.finish(buffer_);
    finished_ = true;
    marks_.start(at_);
}

bool CsvScanner::next()
{
    if (state_ == State::ended)
        state_ = State::between;
    bool going = true;
    while (going && state_ != State::ended) {
        switch (state_) {
        case State::between: going = begin_row(); break;
        case State::passing: going = pass_line(); break;
        case State::plain:
        case State::quoted:
        case State::closed: going = scan_row(); break;
        case State::rest: going = scan_rest(); break;
        case State::ended: break;
        }
        if (state_ == State::ended && blank_row())
            state_ = State::between;
    }
    if (!going)
        drop_too_long();
    return going;
}

std::string_view CsvScanner::text() const
{
    return dropped_ > 0 ? std::string_view{} : std::string_view(buffer_).substr(row_, row_size_);
}

std::span<const CsvScanner::Cell> CsvScanner::cells() const
{
    return std::span(cells_).first(std::min(cell_count_, cells_.size()));
}

CsvPlace CsvScanner::place() const
{
    return {std::min(offset_ + decoder_.mark_size(), fed_), line_, decoder_.encoding()};
}

/// At the begin of a line that no row has begun in.
bool CsvScanner::begin_row()
{
    row_ = at_;
    dropped_ = 0;
    if (at_ == buffer_.size())
        return false;
    const bool skipped = lines_to_skip_ > 0;
    const auto comment = skipped || comment_.empty() ? 0 : starts(at_, comment_);
    if (comment == not_yet)
        return false;
    lines_to_skip_ -= skipped ? 1U : 0U;
    state_ = skipped || comment > 0 ? State::passing : State::plain;
    row_line_ = line_;
    cell_count_ = 0;
    cell_ = 0;
    only_blanks_ = true;
    escaped_ = false;
    more_than_empty_ = false;
    wrong_ = Wrong::nothing;
    return true;
}

/// Through a line that is none of the data.
bool CsvScanner::pass_line()
{
    at_ = line_end_at(at_);
    const auto line_end = line_end_size(at_);
    if (line_end != not_yet) {
        at_ += line_end;
        line_ += line_end > 0 ? 1U : 0U;
        state_ = State::between;
    }
    settle(at_);
    marks_.start(at_);
    return line_end != not_yet;
}

/// From one byte to the next that can mean something. False: more must be fed.
bool CsvScanner::scan_row()
{
    for (bool going = true; going;) {
        const auto mark = marks_.next(buffer_);
        if (mark == buffer_.size())
            return all_seen();
        if (state_ == State::plain && simple_ && pass_simple_cells())
            continue;
        const auto kind = kind_at(mark);
        switch (state_) {
        case State::plain: going = in_plain(mark, kind); break;
        case State::quoted: going = in_quotes(mark, kind); break;
        case State::closed: going = behind_quotes(mark, kind); break;
        default: return true;
        }
        if (state_ >= State::rest)
            return true;
    }
    return false;
}

/// What most cells are: kept, within one block, in no quotes or in some with nothing special between them. Whether
/// there were some.
bool CsvScanner::pass_simple_cells()
{
    if (in_row(marks_.end()) > most_row_)
        return false;
    const char* const text = buffer_.data() + marks_.begin();
    const char delimiter = delimiter_.front();
    const auto base = static_cast<std::uint32_t>(marks_.begin() - row_);  // a row may begin within the block
    const auto first = [](std::uint64_t marks) { return static_cast<std::uint32_t>(std::countr_zero(marks)); };
    auto begin = static_cast<std::uint32_t>(cell_);
    auto count = cell_count_;
    auto marks = marks_.bits();
    for (bool escaped = escaped_; marks != 0 && count < cells_.size(); escaped = false) {
        const auto place = first(marks);
        auto behind = marks & (marks - 1);
        if (text[place] == delimiter) {
            cells_[count++] = {begin, base + place, false, escaped};
            begin = base + place + 1;
        } else {
            const auto close = first(behind);
            behind &= behind - 1;
            const auto end = first(behind);
            if (behind == 0 || text[place] != quote_ || base + place != begin || text[close] != quote_ ||
                end != close + 1 || text[end] != delimiter)
                break;
            cells_[count++] = {begin + 1, base + close, true, false};
            begin = base + end + 1;
            behind &= behind - 1;
        }
        marks = behind;
    }
    if (count == cell_count_)
        return false;
    cell_count_ = count;
    cell_ = begin;
    go_to(row_ + begin);
    only_blanks_ = true;
    escaped_ = false;
    return true;
}

/// In a cell without quotes, or in front of the quote that begins one.
bool CsvScanner::in_plain(std::size_t mark, Kind kind)
{
    switch (kind) {
    case Kind::delimiter: return take_delimiter(mark, in_row(mark), false);
    case Kind::line_end: return take_row_end(mark, in_row(mark), false);
    case Kind::backslash: return take_escape(mark);
    case Kind::quote:
        if (in_row(mark) != cell_ && !(trim_ && only_blanks_ && past_blanks(at_, mark) == mark)) {
            is_wrong(Wrong::quote_inside, mark, line_);
            return true;
        }
        go_to(mark + 1);
        cell_ = in_row(at_);
        quote_line_ = line_;
        state_ = State::quoted;
        return true;
    case Kind::text: break;
    }
    return true;
}

bool CsvScanner::in_quotes(std::size_t mark, Kind kind)
{
    if (too_long_open(mark))
        return true;
    switch (kind) {
    case Kind::line_end: return take_line_end(mark);
    case Kind::backslash: return take_escape(mark);
    case Kind::quote:
        closed_at_ = in_row(mark);
        go_to(mark + 1);
        state_ = State::closed;
        return true;
    case Kind::delimiter:
    case Kind::text: break;
    }
    marks_.go_to(mark + 1);
    return true;
}

/// Behind the quote that ends a cell, unless it is the first of two.
bool CsvScanner::behind_quotes(std::size_t mark, Kind kind)
{
    if (kind == Kind::quote && doubled_ && in_row(mark) == closed_at_ + 1) {
        go_to(mark + 1);
        escaped_ = true;
        state_ = State::quoted;
        return true;
    }
    if (const auto end = past_blanks(at_, mark); end != mark) {
        is_wrong(Wrong::quote_inside, end, line_);
        return true;
    }
    if (kind == Kind::line_end)
        return take_row_end(mark, closed_at_, true);
    if (kind == Kind::delimiter) {
        const auto before = cell_count_;
        if (!take_delimiter(mark, closed_at_, true))
            return false;
        if (cell_count_ != before)
            return true;
    }
    is_wrong(Wrong::quote_inside, mark, line_);
    return true;
}

/// At the end of what was fed.
bool CsvScanner::all_seen()
{
    const auto end = buffer_.size();
    switch (state_) {
    case State::plain:
        if (!finished_)
            return wait_at(end);
        at_ = end;
        put_cell(in_row(end), false);
        end_row(0);
        return true;
    case State::quoted:
        if (too_long_open(end))
            return true;
        if (!finished_)
            return wait_at(end);
        is_wrong(Wrong::quote_open, end, quote_line_);
        return true;
    case State::closed:
        if (const auto blanks = past_blanks(at_, end); blanks != end) {
            is_wrong(Wrong::quote_inside, blanks, line_);
            return true;
        }
        if (!finished_)
            return wait_at(end);
        at_ = end;
        put_cell(closed_at_, true);
        end_row(0);
        return true;
    default: return true;
    }
}

/// To the line end, whatever stands in front of it.
bool CsvScanner::scan_rest()
{
    at_ = line_end_at(at_);
    const auto line_end = line_end_size(at_);
    if (line_end == not_yet)
        return false;
    end_row(line_end);
    marks_.start(at_);
    return true;
}

/// Ends the cell there, unless what begins like a delimiter is none.
bool CsvScanner::take_delimiter(std::size_t mark, std::uint64_t cell_end, bool quoted)
{
    std::size_t size = 1;
    if (delimiter_.size() > 1) {
        size = starts(mark, delimiter_);
        if (size == not_yet)
            return wait_at(mark);
        if (size == 0) {
            only_blanks_ = false;
            go_to(mark + 1);
            return true;
        }
    }
    put_cell(cell_end, quoted);
    go_to(mark + size);
    cell_ = in_row(at_);
    only_blanks_ = true;
    escaped_ = false;
    state_ = State::plain;
    return true;
}

bool CsvScanner::take_row_end(std::size_t mark, std::uint64_t cell_end, bool quoted)
{
    const auto line_end = line_end_size(mark);
    if (line_end == not_yet)
        return wait_at(mark);
    put_cell(cell_end, quoted);
    at_ = mark;
    end_row(line_end);
    go_to(at_);
    return true;
}

/// A line end in a cell.
bool CsvScanner::take_line_end(std::size_t mark)
{
    const auto line_end = line_end_size(mark);
    if (line_end == not_yet)
        return wait_at(mark);
    ++line_;
    go_to(mark + line_end);
    return true;
}

/// A backslash and what it stands in front of.
bool CsvScanner::take_escape(std::size_t mark)
{
    const auto behind = mark + 1;
    const bool at_end = behind == buffer_.size();
    if (at_end && !finished_)
        return wait_at(mark);
    std::size_t size = at_end ? 0 : 1;
    if (!at_end && ends_line(buffer_[behind])) {
        size = line_end_size(behind);
        if (size == not_yet)
            return wait_at(mark);
        ++line_;
    }
    only_blanks_ = false;
    escaped_ = true;
    go_to(behind + size);
    return true;
}

/// The cell that ends there, counted from the row's begin. Of a row that is too long they are not asked for.
void CsvScanner::put_cell(std::uint64_t end, bool quoted)
{
    const auto place = cell_count_++;
    if (end > most_row_)
        return;
    auto begin = cell_;
    if (trim_ && !quoted) {
        begin = past_blanks(row_ + begin, row_ + end) - row_;
        while (end > begin && past_blanks(row_ + end - 1, row_ + end) == row_ + end)
            --end;
    }
    if (place < cells_.size())
        cells_[place] = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), quoted, escaped_};
    else
        more_than_empty_ = more_than_empty_ || end > begin;
}

/// At at_, where a line end of this size stands.
void CsvScanner::end_row(std::size_t line_end)
{
    const auto size = in_row(at_);
    row_size_ = at_ - row_;
    if (size > most_row_ && wrong_ != Wrong::quote_open && (wrong_ == Wrong::nothing || wrong_at_ >= most_row_))
        wrong_ = Wrong::too_long;
    at_ += line_end;
    settle(at_);
    last_line_ = line_end > 0 ? line_ : 0;
    line_ += line_end > 0 ? 1U : 0U;
    state_ = State::ended;
}

/// What follows is passed over up to the line end.
void CsvScanner::is_wrong(Wrong how, std::size_t at, std::uint64_t line)
{
    at_ = at;
    wrong_ = how;
    wrong_at_ = in_row(at);
    wrong_line_ = line;
    wrong_column_ = cell_count_ + 1;
    state_ = State::rest;
}

/// Whether a quote that is open there has been open for too long; then it is given up.
bool CsvScanner::too_long_open(std::size_t at)
{
    if (in_row(at) < most_open_)
        return false;
    const auto limit = row_ + (most_open_ > dropped_ ? static_cast<std::size_t>(most_open_ - dropped_) : 0);
    is_wrong(Wrong::quote_open, std::max(at_, limit), quote_line_);
    return true;
}

/// All is decided up to there.
void CsvScanner::go_to(std::size_t at)
{
    at_ = at;
    marks_.go_to(at);
}

/// What stands there can only be told when more has been fed.
bool CsvScanner::wait_at(std::size_t at)
{
    only_blanks_ = only_blanks_ && past_blanks(at_, at) == at;
    at_ = at;
    return false;
}

/// Lets go of what has been handed out, when that is worth moving the rest.
void CsvScanner::make_room()
{
    if (!in_a_row())
        row_ = at_;
    if (row_ == 0 || row_ < buffer_.size() / 2)
        return;
    buffer_.erase(0, row_);
    at_ -= row_;
    settled_ -= row_;
    row_ = 0;
}

void CsvScanner::drop_too_long()
{
    if (!in_a_row() || in_row(at_) <= most_row_)
        return;
    settle(at_);
    dropped_ += at_ - row_;
    row_ = at_;
}

/// Counts what has been decided as read.
void CsvScanner::settle(std::size_t until)
{
    offset_ += decoder_.source_size(std::string_view(buffer_).substr(settled_, until - settled_));
    settled_ = until;
}

std::string_view CsvScanner::unescaped(const Cell& cell)
{
    char* const begin = buffer_.data() + row_ + cell.begin;
    const char* const end = buffer_.data() + row_ + cell.end;
    char* to = begin;
    for (const char* from = begin; from != end; ++from) {
        const char behind = from + 1 != end ? from[1] : '\0';
        if (doubled_) {
            *to++ = *from;
            from += *from == quote_ ? 1 : 0;
        } else if (*from != '\\' || from + 1 == end) {
            *to++ = *from;
        } else if (!quoting_ && (behind == 'n' || behind == 'r' || behind == 't')) {
            *to++ = behind == 'n' ? '\n' : behind == 'r' ? '\r' : '\t';
            ++from;
        } else if (behind == '\\' || ends_line(behind) || (quoting_ && behind == quote_) ||
                   std::string_view(from + 1, end).starts_with(delimiter_)) {
            *to++ = behind;
            ++from;
        } else {
            *to++ = *from;
        }
    }
    return {begin, to};
}

bool CsvScanner::in_a_row() const
{
    return state_ != State::between && state_ != State::passing && state_ != State::ended;
}

/// Whether the row that has ended is an empty line.
bool CsvScanner::blank_row() const
{
    return wrong_ == Wrong::nothing && cell_count_ == 1 && !cells_[0].quoted && cells_[0].begin == cells_[0].end;
}

/// The first place that has no blank to be trimmed.
std::size_t CsvScanner::past_blanks(std::size_t at, std::size_t until) const
{
    while (trim_ && at < until && (buffer_[at] == ' ' || buffer_[at] == '\t') && kind_at(at) == Kind::text)
        ++at;
    return at;
}

/// The size of `with` when it stands there, else 0.
std::size_t CsvScanner::starts(std::size_t at, std::string_view with) const
{
    const auto there = std::string_view(buffer_).substr(at, with.size());
    if (there == with)
        return with.size();
    return !finished_ && there.size() < with.size() && with.starts_with(there) ? not_yet : 0;
}

std::size_t CsvScanner::line_end_at(std::size_t at) const
{
    while (at < buffer_.size() && !ends_line(buffer_[at]))
        ++at;
    return at;
}

/// The size of the line end that stands there; 0 at the end of the last line, which may have none.
std::size_t CsvScanner::line_end_size(std::size_t at) const
{
    if (at < buffer_.size() && buffer_[at] == '\n')
        return 1;
    if (at + 1 < buffer_.size())
        return buffer_[at + 1] == '\n' ? 2 : 1;
    return finished_ ? buffer_.size() - at : not_yet;
}

}  // namespace headgate::connectors
