// Grows a sample order to about BYTES by repeating its lines, and puts the load's placeholder where its id stands.
//   bench_accept_body SAMPLE.json BYTES > body.json
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include <boost/json.hpp>

int main(int argc, char** argv)
{
    if (argc != 3)
        return 2;
    std::ifstream file(argv[1]);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto order = boost::json::parse(text).as_object();
    const std::size_t wanted = std::strtoul(argv[2], nullptr, 10);
    order["id"] = 8'800'000'000'000;
    auto lines = order["line_items"].as_array();
    const auto prototypes = lines;
    boost::json::array grown;
    for (std::size_t i = 0; grown.empty() || boost::json::serialize(order).size() < wanted; ++i) {
        auto line = prototypes[i % prototypes.size()].as_object();
        line["id"] = line["id"].as_int64() + static_cast<std::int64_t>(10 * i);
        grown.push_back(std::move(line));
        order["line_items"] = grown;
        if (grown.size() > 5000)
            break;
    }
    std::cout << boost::json::serialize(order);
    return 0;
}
