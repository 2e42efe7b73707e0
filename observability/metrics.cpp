#include "observability/metrics.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <stdexcept>
#include <variant>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace headgate::observability {

std::size_t metric_cell() noexcept
{
    static std::atomic<std::size_t> next{0};
    thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed) % metric_cells;
    return mine;
}

std::uint64_t Counter::value() const noexcept
{
    std::uint64_t total = 0;
    for (const auto& cell : cells_)
        total += cell.value.load(std::memory_order_relaxed);
    return total;
}

Histogram::Histogram(std::span<const std::uint64_t> upper_bounds, double per_unit)
    : bounds_(upper_bounds.begin(), upper_bounds.end()),
      per_unit_(per_unit),
      lines_a_cell_((bounds_.size() + 2 + 7) / 8),
      lines_(std::make_unique<Line[]>(lines_a_cell_ * metric_cells))
{}

void Histogram::observe(std::uint64_t value) noexcept
{
    const auto bucket =
        static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin());
    const std::size_t cell = metric_cell();
    word(cell, bucket).fetch_add(1, std::memory_order_relaxed);
    word(cell, bounds_.size() + 1).fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::total(std::size_t index) const noexcept
{
    std::uint64_t total = 0;
    for (std::size_t cell = 0; cell < metric_cells; ++cell)
        total += word(cell, index).load(std::memory_order_relaxed);
    return total;
}

std::uint64_t Histogram::count() const noexcept
{
    std::uint64_t count = 0;
    for (std::size_t bucket = 0; bucket <= bounds_.size(); ++bucket)
        count += total(bucket);
    return count;
}

std::uint64_t Histogram::sum() const noexcept
{
    return total(bounds_.size() + 1);
}

std::vector<std::uint64_t> Histogram::cumulative() const
{
    std::vector<std::uint64_t> counts;
    std::uint64_t so_far = 0;
    for (std::size_t bucket = 0; bucket <= bounds_.size(); ++bucket)
        counts.push_back(so_far += total(bucket));
    return counts;
}

namespace {

using Read = std::function<double()>;
using Held = std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>, Read>;

struct Family {
    prometheus::MetricType type;
    std::string help;
    std::map<Labels, Held> metrics;
};

void check_name(std::string_view name, bool counter)
{
    const auto plain = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
    };
    bool right =
        name.starts_with("headgate_") && std::ranges::all_of(name, plain) && name.ends_with("_total") == counter;
    for (const std::string_view unit : {"_ms", "_milliseconds", "_us", "_microseconds", "_minutes", "_hours", "_kb",
                                        "_mb", "_kilobytes", "_megabytes", "_percent"})
        right = right && !name.ends_with(unit) && !name.ends_with(std::string(unit) + "_total");
    if (!right)
        throw std::invalid_argument("no name for a metric: " + std::string(name));
}

void check_labels(const Labels& labels)
{
    for (const auto& [name, value] : labels) {
        const auto plain = [](char letter) { return (letter >= 'a' && letter <= 'z') || letter == '_'; };
        if (name.empty() || name.starts_with('_') || !std::ranges::all_of(name, plain) || name == "le")
            throw std::invalid_argument("no name for a label: " + name);
    }
    for (std::size_t i = 1; i < labels.size(); ++i)
        if (labels[i - 1].first == labels[i].first)
            throw std::invalid_argument("a label twice: " + labels[i].first);
}

prometheus::ClientMetric shown(const Labels& labels, const Held& held)
{
    prometheus::ClientMetric metric;
    for (const auto& [name, value] : labels)
        metric.label.push_back({name, value});
    if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&held)) {
        metric.counter.value = static_cast<double>((*counter)->value());
    } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&held)) {
        metric.gauge.value = static_cast<double>((*gauge)->value());
    } else if (const auto* read = std::get_if<Read>(&held)) {
        metric.gauge.value = (*read)();
    } else {
        const Histogram& histogram = *std::get<std::unique_ptr<Histogram>>(held);
        const auto counts = histogram.cumulative();
        for (std::size_t i = 0; i < counts.size(); ++i) {
            const double bound = i < histogram.bounds().size()
                                     ? static_cast<double>(histogram.bounds()[i]) / histogram.per_unit()
                                     : std::numeric_limits<double>::infinity();
            metric.histogram.bucket.push_back({counts[i], bound});
        }
        metric.histogram.sample_count = counts.back();
        metric.histogram.sample_sum = static_cast<double>(histogram.sum()) / histogram.per_unit();
    }
    return metric;
}

}  // namespace

struct Metrics::Registry {
    std::mutex mutex;
    std::map<std::string, Family, std::less<>> families;

    /// The metric of this name and these labels, made by `make` when it is new.
    template <class Make>
    Held& get(prometheus::MetricType type, std::string_view name, std::string_view help, Labels labels, Make make)
    {
        std::ranges::sort(labels);
        check_name(name, type == prometheus::MetricType::Counter);
        check_labels(labels);
        const std::lock_guard lock(mutex);
        auto [family, added] = families.try_emplace(std::string(name), Family{type, std::string(help), {}});
        if (family->second.type != type || family->second.help != help)
            throw std::invalid_argument("a metric registered twice in two ways: " + std::string(name));
        const auto found = family->second.metrics.find(labels);
        if (found != family->second.metrics.end())
            return found->second;
        return family->second.metrics.emplace(std::move(labels), make()).first->second;
    }
};

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels labels)
{
    Held& held = registry_->get(prometheus::MetricType::Counter, name, help, std::move(labels),
                                [] { return std::make_unique<Counter>(); });
    return *std::get<std::unique_ptr<Counter>>(held);
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, Labels labels)
{
    Held& held = registry_->get(prometheus::MetricType::Gauge, name, help, std::move(labels),
                                [] { return std::make_unique<Gauge>(); });
    if (auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&held))
        return **gauge;
    throw std::invalid_argument("a gauge that is read at each scrape cannot be set: " + std::string(name));
}

void Metrics::gauge(std::string_view name, std::string_view help, Labels labels, std::function<double()> read)
{
    Held& held = registry_->get(prometheus::MetricType::Gauge, name, help, std::move(labels), [] { return Read(); });
    const std::lock_guard lock(registry_->mutex);
    if (!std::holds_alternative<Read>(held))
        throw std::invalid_argument("a gauge that is set cannot be read at each scrape: " + std::string(name));
    held = std::move(read);
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::span<const std::uint64_t> upper_bounds,
                              double per_unit, Labels labels)
{
    if (upper_bounds.empty() || std::ranges::adjacent_find(upper_bounds, std::greater_equal<>()) != upper_bounds.end())
        throw std::invalid_argument("a histogram's bounds must grow: " + std::string(name));
    Held& held = registry_->get(prometheus::MetricType::Histogram, name, help, std::move(labels),
                                [&] { return std::make_unique<Histogram>(upper_bounds, per_unit); });
    Histogram& histogram = *std::get<std::unique_ptr<Histogram>>(held);
    if (!std::ranges::equal(histogram.bounds(), upper_bounds) || histogram.per_unit() != per_unit)
        throw std::invalid_argument("a metric registered twice in two ways: " + std::string(name));
    return histogram;
}

std::string Metrics::expose() const
{
    std::vector<prometheus::MetricFamily> families;
    {
        const std::lock_guard lock(registry_->mutex);
        families.reserve(registry_->families.size());
        for (const auto& [name, family] : registry_->families) {
            prometheus::MetricFamily shown_family{name, family.help, family.type, {}};
            for (const auto& [labels, held] : family.metrics)
                if (const auto* read = std::get_if<Read>(&held); read == nullptr || *read)
                    shown_family.metric.push_back(shown(labels, held));
            families.push_back(std::move(shown_family));
        }
    }
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace headgate::observability
