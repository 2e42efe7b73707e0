#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace spdlog {
class logger;
}

namespace headgate::observability {

/// Builds one logfmt line: `key=value key="quoted value"`. Whatever a value holds, it stays one value of one line:
/// quotes and backslashes are escaped, control characters and invalid UTF-8 written as \n, \t, \u001b or \xff.
/// Values longer than `longest` are cut and end in "…". Keys are ours: letters, digits, `_`, `.`; anything else in
/// one becomes `_`. Fields are ids, codes and counts; no secret and no customer's data is passed here.
class LogLine {
public:
    static constexpr std::size_t longest = 1024;  // bytes of a value

    LogLine& field(std::string_view key, std::string_view value);
    LogLine& field(std::string_view key, const char* value) { return field(key, std::string_view(value)); }
    LogLine& field(std::string_view key, const std::string& value) { return field(key, std::string_view(value)); }
    LogLine& field(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
    template <std::integral T>
        requires(!std::same_as<T, bool> && !std::same_as<T, char>)
    LogLine& field(std::string_view key, T value)
    {
        return raw(key, std::to_string(value));
    }
    /// Leaves the field out when the value is empty.
    LogLine& optional(std::string_view key, std::string_view value)
    {
        return value.empty() ? *this : field(key, value);
    }

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    LogLine& raw(std::string_view key, std::string_view value);
    std::string text_;
};

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

struct LogOptions {
    LogLevel level = LogLevel::info;
    std::filesystem::path file;  // empty: stderr
};

/// Where the process writes what happened: one wide line for each finished event and each failed attempt, and what
/// operators should know. Every line begins `ts=<UTC, RFC 3339, ms> level=<level>`. Lines are buffered; warnings and
/// errors are flushed at once, the rest within a second or by `flush`. Calls may overlap; none fails or throws: a
/// full disk loses log lines and never an event.
class Log {
public:
    /// Throws std::runtime_error when the file cannot be opened.
    explicit Log(const LogOptions& options = {});
    ~Log();  // flushes
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// A line that is finished already, as LogLine built it; written at `info`.
    void event_line(std::string_view logfmt);
    void event_line(const LogLine& line) { event_line(line.text()); }

    /// `message` is a constant of ours; what varies goes into `fields`.
    void debug(std::string_view message, const LogLine& fields = {});
    void info(std::string_view message, const LogLine& fields = {});
    void warn(std::string_view message, const LogLine& fields = {});
    void error(std::string_view message, const LogLine& fields = {});

    void level(LogLevel level);
    [[nodiscard]] bool enabled(LogLevel level) const;
    void flush();

private:
    void write(LogLevel level, std::string_view message, const LogLine& fields);
    std::shared_ptr<spdlog::logger> logger_;
    std::jthread flusher_;
};

}  // namespace headgate::observability
