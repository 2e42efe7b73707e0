#include "gateway/systems/http_plan.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <boost/url/parse.hpp>

#include "gateway/place.hpp"
#include "gateway/settings_document.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

class PlanLoader {
public:
    PlanLoader(HttpSystemPlan& made, Problems& problems) : made_(made), problems_(problems) {}

    void connection(const std::string& folder)
    {
        SystemConfig& config = made_.config;
        if (!config.ca.empty()) {
            config.ca = (fs::path(folder) / config.ca).string();
            if (!std::ifstream(config.ca))
                problem(config.where, "missing_file", "the certificates of `ca`, " + config.ca + ", cannot be read",
                        "a PEM file, from the configuration's folder on");
        }
        if (const auto url = boost::urls::parse_uri(config.url)) {
            made_.origin = *origin_of(config.url);
            made_.base = std::string(url->encoded_path());
            while (made_.base.ends_with('/'))
                made_.base.pop_back();
        }
        if (!config.auth.token_url.empty())
            made_.token_origin = origin_of(config.auth.token_url);
        for (const std::string& text : config.allow) {
            if (auto network = net::parse_network(text))
                made_.allow.push_back(*network);
            else
                problem(config.where, network.error().code, network.error().detail);
        }
        made_.settings = settings_document(config.settings);
        if (!config.error_code.text.empty()) {
            auto compiled =
                mapping::Expression::compile_bare(config.error_code.text, place_of(config.error_code.where));
            if (compiled)
                made_.error_code = std::move(*compiled);
            else
                problems_.push_back(std::move(compiled.error()));
        }
    }

    void requests(const std::string& folder, const mapping::Canonical& canonical,
                  const mapping::Vocabularies& vocabularies)
    {
        std::error_code error;
        std::set<std::string> files;
        for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
            if (at->path().extension() == ".yaml" && at->path().filename().string()[0] != '.')
                files.insert(at->path().string());
            else if (at->path().extension() == ".yml")
                problem(at->path().string(), "not_read", "a file of requests ends with .yaml");
        if (error)
            return problem(made_.config.where, "missing_file",
                           "the folder " + folder + " of the system's requests cannot be read: " + error.message());
        if (files.empty())
            return problem(made_.config.where, "no_requests", "the folder " + folder + " holds no request file",
                           "one file NAME.yaml for each canonical type that goes to the system");
        std::map<std::string, std::string> by_type;
        for (const std::string& file : files) {
            std::ifstream stream(file, std::ios::binary);
            const mapping::SourceFile source{file, {std::istreambuf_iterator<char>(stream), {}}};
            auto request =
                mapping::Request::load(source, canonical, vocabularies, mapping::fragments_in({folder + "/fragments"}));
            if (!request) {
                std::ranges::move(request.error(), std::back_inserter(problems_));
                continue;
            }
            const auto [first, fresh] = by_type.emplace(request->applies(), file);
            if (!fresh)
                problem(file, "same_name",
                        "two request files apply to " + request->applies() + ", this and " + first->second);
            made_.requests.emplace(request->applies(), std::move(*request));
        }
    }

private:
    void problem(const std::string& where, std::string code, std::string message, std::string hint = {})
    {
        const mapping::Place place = place_of(where);
        problems_.push_back(
            {place.file, place.line, place.column, std::move(code), std::move(message), std::move(hint)});
    }

    HttpSystemPlan& made_;
    Problems& problems_;
};

}  // namespace

std::optional<net::HttpOrigin> origin_of(std::string_view text)
{
    const auto url = boost::urls::parse_uri(text);
    if (!url)
        return std::nullopt;
    const bool tls = url->scheme() == "https";
    net::HttpOrigin origin{tls, std::string(url->host_address()), tls ? std::uint16_t{443} : std::uint16_t{80}};
    if (url->has_port() && url->port_number() != 0)
        origin.port = url->port_number();
    return origin;
}

std::shared_ptr<HttpSystemPlan> load_plan(const SystemConfig& config, const std::string& folder,
                                          const mapping::Canonical& canonical,
                                          const mapping::Vocabularies& vocabularies, Problems& problems)
{
    auto made = std::make_shared<HttpSystemPlan>();
    made->config = config;
    PlanLoader loader(*made, problems);
    loader.connection(folder);
    if (!config.requests.empty())
        loader.requests((fs::path(folder) / config.requests).string(), canonical, vocabularies);
    return made;
}

}  // namespace headgate::gateway
