// Maps documents on one thread with the files that ship, and prints what it made or how fast.
//
//   bench_mapping request FILE.ndjson          one mapped document a line (bench/mapping/order.yaml)
//   bench_mapping transaction FILE.ndjson      one canonical sales_order a line (the shipped Shopify mapping,
//   validated,
//                                              with totals and invariants checked)
//   bench_mapping time KIND FILE.ndjson [REPEATS]   one JSON line: orders/s of the best of REPEATS passes; KIND as
//   above, or
//                                              `decode` for reading the JSON alone
//
// HEADGATE_SOURCE names the source tree; default: the folder it is run in.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <new>

#include <fmt/format.h>

#include "connectors/formats/json.hpp"
#include "mapping/canonical.hpp"
#include "mapping/mapping.hpp"
#include "mapping/request.hpp"
#include "mapping/vocabularies.hpp"

namespace {

std::size_t allocations = 0;  // this program has one thread

}  // namespace

void* operator new(std::size_t size)
{
    ++allocations;
    if (void* const made = std::malloc(size))
        return made;
    throw std::bad_alloc();
}
void operator delete(void* made) noexcept
{
    std::free(made);
}
void operator delete(void* made, std::size_t) noexcept
{
    std::free(made);
}

namespace {

using namespace headgate;

[[noreturn]] void give_up(const Problems& problems)
{
    for (const Problem& problem : problems)
        std::cerr << text_of(problem) << "\n";
    std::exit(1);
}

[[noreturn]] void give_up(const Failure& failure)
{
    std::cerr << failure.code << ": " << failure.detail << " " << failure.where.document << " " << failure.where.config
              << "\n";
    std::exit(1);
}

std::string read(const std::string& path)
{
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) {
        std::cerr << path << " cannot be read\n";
        std::exit(2);
    }
    std::string text(static_cast<std::size_t>(file.tellg()), '\0');
    file.seekg(0).read(text.data(), static_cast<std::streamsize>(text.size()));
    return text;
}

std::string source_folder()
{
    const char* folder = std::getenv("HEADGATE_SOURCE");
    return folder == nullptr ? "." : folder;
}

Document decoded(std::string_view line)
{
    auto document = connectors::read_json(line);
    if (!document)
        give_up(document.error());
    return std::move(*document);
}

/// What maps one line to the documents it makes.
using Mapper = std::function<std::string(std::string_view line)>;

Mapper mapper(const std::string& kind)
{
    const std::string source = source_folder();
    static const auto canonical = mapping::Canonical::load(source + "/config/canonical");
    if (!canonical)
        give_up(canonical.error());
    static mapping::Vocabularies vocabularies;
    if (const auto loaded = vocabularies.load(source + "/config/vocabularies"); !loaded)
        give_up(loaded.error());
    if (kind == "decode")
        return [](std::string_view line) { return std::string(1, decoded(line).empty() ? '0' : '1'); };
    if (kind == "transaction") {
        const std::string folder = source + "/config/connectors/shopify/mappings";
        static const auto order = mapping::Mapping::load(folder + "/sales_order.yaml", *canonical, vocabularies,
                                                         mapping::fragments_in({folder + "/fragments"}));
        if (!order)
            give_up(order.error());
        return [](std::string_view line) {
            const Document document = decoded(line);
            auto made = order->run(mapping::MappingContext{.document = document});
            if (!made)
                give_up(made.error());
            return made->empty() ? std::string() : std::move(made->front().json);
        };
    }
    const std::string folder = source + "/bench/mapping";
    static const auto request =
        mapping::Request::load({folder + "/order.yaml", read(folder + "/order.yaml")}, *canonical, vocabularies,
                               mapping::fragments_in({folder + "/fragments"}));
    if (!request)
        give_up(request.error());
    return [](std::string_view line) {
        const Document document = decoded(line);
        auto made = request->send(0, mapping::RequestContext{.transaction = document});
        if (!made)
            give_up(made.error());
        return std::move(made->body);
    };
}

std::vector<std::string_view> lines_of(std::string_view text)
{
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (end > 0)
            lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

int measure(const std::string& kind, const std::string& file, int repeats)
{
    const Mapper map = mapper(kind);
    const std::string text = read(file);
    const auto lines = lines_of(text);
    double best = 0;
    std::size_t bytes = 0;
    std::size_t made = 0;
    for (int i = 0; i <= repeats; ++i) {  // the first pass warms up
        bytes = 0;
        const std::size_t before = allocations;
        const auto begin = std::chrono::steady_clock::now();
        for (const std::string_view line : lines)
            bytes += map(line).size();
        const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        made = allocations - before;
        if (i > 0)
            best = std::max(best, static_cast<double>(lines.size()) / took);
    }
    const auto count = static_cast<double>(lines.size());
    fmt::print(
        "{{\"what\":\"headgate {}\",\"orders\":{},\"orders_s\":{:.0f},\"mb_s\":{:.1f},\"out_per_order\":{},"
        "\"allocations_per_order\":{:.1f}}}\n",
        kind, lines.size(), best, best * static_cast<double>(text.size()) / count / 1e6, bytes / lines.size(),
        static_cast<double>(made) / count);
    return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() >= 3 && arguments[0] == "time")
        return measure(arguments[1], arguments[2], arguments.size() > 3 ? std::atoi(arguments[3].c_str()) : 3);
    if (arguments.size() != 2) {
        std::cerr << "bench_mapping request|transaction FILE.ndjson, or time request|transaction|decode FILE.ndjson "
                     "[REPEATS]\n";
        return 2;
    }
    const Mapper map = mapper(arguments[0]);
    std::ifstream file(arguments[1], std::ios::binary);
    std::string in;
    std::string out;
    std::size_t kept = 0;  // of a line whose end has not been read
    do {
        in.resize(kept + (std::size_t{1} << 20U));
        file.read(in.data() + kept, static_cast<std::streamsize>(in.size() - kept));
        in.resize(kept + static_cast<std::size_t>(file.gcount()));
        const std::size_t whole = file ? in.rfind('\n') + 1 : in.size();
        for (const std::string_view line : lines_of(std::string_view(in).substr(0, whole)))
            out.append(map(line)).append("\n");
        std::cout.write(out.data(), static_cast<std::streamsize>(out.size()));
        out.clear();
        in.erase(0, whole);
        kept = in.size();
    } while (file);
    return 0;
}
