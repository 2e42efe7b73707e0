#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::observability {

/// Where this thread counts: threads take turns, so that two cores rarely share a cache line.
inline constexpr std::size_t metric_cells = 16;
[[nodiscard]] std::size_t metric_cell() noexcept;

struct alignas(64) MetricCell {
    std::atomic<std::uint64_t> value{0};
};

/// Only grows. Adding is one relaxed atomic addition on this thread's own cell; reading adds up the cells.
class Counter {
public:
    void add(std::uint64_t count = 1) noexcept
    {
        cells_[metric_cell()].value.fetch_add(count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t value() const noexcept;

private:
    std::array<MetricCell, metric_cells> cells_;
};

/// Goes up and down: open connections, bytes waiting.
class Gauge {
public:
    void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    void add(std::int64_t change) noexcept { value_.fetch_add(change, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

/// Counts observations by upper bound, and sums them up. Two relaxed additions on this thread's cells. Values are
/// integers in the unit of observation; `per_unit` of them make one base unit, in which they are shown (1e6: µs as
/// seconds).
class Histogram {
public:
    Histogram(std::span<const std::uint64_t> upper_bounds, double per_unit);
    void observe(std::uint64_t value) noexcept;
    [[nodiscard]] std::uint64_t count() const noexcept;
    [[nodiscard]] std::uint64_t sum() const noexcept;  // in the unit of observation
    /// Observations at or below each bound, then all: cumulative, as Prometheus shows them.
    [[nodiscard]] std::vector<std::uint64_t> cumulative() const;
    [[nodiscard]] std::span<const std::uint64_t> bounds() const noexcept { return bounds_; }
    [[nodiscard]] double per_unit() const noexcept { return per_unit_; }

private:
    struct alignas(64) Line {
        std::array<std::atomic<std::uint64_t>, 8> words{};
    };
    [[nodiscard]] std::atomic<std::uint64_t>& word(std::size_t cell, std::size_t index) const noexcept
    {
        return lines_[cell * lines_a_cell_ + index / 8].words[index % 8];
    }
    [[nodiscard]] std::uint64_t total(std::size_t index) const noexcept;

    std::vector<std::uint64_t> bounds_;
    double per_unit_;
    std::size_t lines_a_cell_;  // a thread's words: one a bucket, one for what is above them, the sum
    std::unique_ptr<Line[]> lines_;
};

/// Durations from 100 µs to 60 s, observed in microseconds and shown in seconds.
inline constexpr std::array<std::uint64_t, 16> duration_buckets_us{
    100,    250,     500,     1'000,     2'500,     5'000,      10'000,     25'000,
    50'000, 100'000, 250'000, 1'000'000, 2'500'000, 10'000'000, 30'000'000, 60'000'000};
inline constexpr double microseconds = 1e6;  // per second

using Labels = std::vector<std::pair<std::string, std::string>>;

/// The metrics of one process. Each module keeps the references it counts with in one struct of its own:
///
///     struct AcceptMetrics {
///         explicit AcceptMetrics(Metrics& metrics) : accepted(metrics.counter("headgate_accepted_events_total", "…"))
///         {} Counter& accepted;
///     };
///
/// Registering happens at start (or when a configuration is loaded) and takes a lock; the
/// references it returns stay valid as long as the registry. Registering the same name and labels again returns
/// the same object. A wrong name (prefix `headgate_`, `_total` on counters and only there, no unit but a base
/// unit) or a name with another kind or help throws std::invalid_argument: it is a bug. Label values come
/// from enums or the configuration, never from what a stranger sends. Calls may overlap.
class Metrics {
public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
    /// `read` is called at each scrape, on the scraping thread; it must not block and must not call the registry.
    /// A later registration of the same name and labels replaces the function.
    void gauge(std::string_view name, std::string_view help, Labels labels, std::function<double()> read);
    Histogram& histogram(std::string_view name, std::string_view help, std::span<const std::uint64_t> upper_bounds,
                         double per_unit, Labels labels = {});

    /// Everything, in Prometheus' text format 0.0.4; families by name, so two scrapes differ only in values.
    [[nodiscard]] std::string expose() const;

private:
    struct Registry;
    std::unique_ptr<Registry> registry_;
};

}  // namespace headgate::observability
