#include "observability/log.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace headgate::observability {

namespace {

spdlog::level::level_enum level_of(LogLevel level)
{
    switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::off: return spdlog::level::off;
    }
    std::unreachable();
}

std::string_view name_of(LogLevel level)
{
    switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warn: return "warn";
    case LogLevel::error: return "error";
    case LogLevel::off: return "off";
    }
    std::unreachable();
}

std::shared_ptr<spdlog::logger> open(const LogOptions& options)
{
    try {
        std::shared_ptr<spdlog::sinks::sink> sink;
        if (options.file.empty())
            sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        else
            sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file.string());
        sink->set_formatter(
            std::make_unique<spdlog::pattern_formatter>("ts=%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
        auto logger = std::make_shared<spdlog::logger>("headgate", std::move(sink));
        logger->set_level(level_of(options.level));
        logger->flush_on(spdlog::level::warn);
        return logger;
    } catch (const spdlog::spdlog_ex& problem) {
        throw std::runtime_error("cannot open the log: " + std::string(problem.what()));
    }
}

}  // namespace

Log::Log(const LogOptions& options) : logger_(open(options))
{
    if (options.file.empty())
        return;
    flusher_ = std::jthread([logger = logger_](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        while (!stopped.wait_for(lock, stop, std::chrono::seconds(1), [&stop] { return stop.stop_requested(); }))
            logger->flush();
    });
}

Log::~Log()
{
    flush();
}

void Log::event_line(std::string_view logfmt)
{
    if (!logger_->should_log(spdlog::level::info))
        return;
    std::string line = "level=info ";
    for (const char letter : logfmt)  // LogLine leaves none of these; a line that was built otherwise stays one
        line += static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f ? ' ' : letter;
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void Log::debug(std::string_view message, const LogLine& fields)
{
    write(LogLevel::debug, message, fields);
}
void Log::info(std::string_view message, const LogLine& fields)
{
    write(LogLevel::info, message, fields);
}
void Log::warn(std::string_view message, const LogLine& fields)
{
    write(LogLevel::warn, message, fields);
}
void Log::error(std::string_view message, const LogLine& fields)
{
    write(LogLevel::error, message, fields);
}

void Log::write(LogLevel level, std::string_view message, const LogLine& fields)
{
    if (!logger_->should_log(level_of(level)))
        return;
    LogLine line;
    line.field("level", name_of(level)).field("msg", message);
    std::string text = line.text();
    if (!fields.text().empty())
        text += ' ' + fields.text();
    logger_->log(level_of(level), spdlog::string_view_t(text.data(), text.size()));
}

void Log::level(LogLevel level)
{
    logger_->set_level(level_of(level));
}

bool Log::enabled(LogLevel level) const
{
    return level != LogLevel::off && logger_->should_log(level_of(level));
}

void Log::flush()
{
    logger_->flush();
}

}  // namespace headgate::observability
