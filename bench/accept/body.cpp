// Grows or shrinks a sample order to about BYTES: its lines are repeated and its totals follow, so that it stays an
// order that adds up; what an order can do without goes when BYTES are few. Its id becomes the load's placeholder.
//   bench_accept_body SAMPLE.json BYTES > body.json
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <boost/json.hpp>

namespace {

namespace json = boost::json;

/// Money text with two decimals as cents.
std::int64_t cents(const json::value& text)
{
    return std::llround(std::strtod(text.as_string().c_str(), nullptr) * 100);
}

std::string text(std::int64_t cents)
{
    return fmt::format("{}.{:02}", cents / 100, cents % 100);
}

void set_lines(json::object& order, const json::array& lines)
{
    std::int64_t goods = 0;
    std::int64_t discounts = 0;
    std::int64_t tax = 0;
    for (const auto& line : lines) {
        goods += cents(line.at("price")) * line.at("quantity").as_int64();
        for (const auto& allocation : line.at("discount_allocations").as_array())
            discounts += cents(allocation.at("amount"));
        for (const auto& part : line.at("tax_lines").as_array())
            tax += cents(part.at("price"));
    }
    const auto shipping = cents(order.at("total_shipping_price_set").at("shop_money").at("amount"));
    order["line_items"] = lines;
    order["total_line_items_price"] = text(goods);
    order["total_discounts"] = text(discounts);
    order["subtotal_price"] = text(goods - discounts);
    order["total_tax"] = text(tax);
    order["tax_lines"].as_array().at(0).as_object()["price"] = text(tax);
    order["total_price"] = text(goods - discounts + shipping + tax);
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 3)
        return 2;
    std::ifstream file(argv[1]);
    const std::string sample{std::istreambuf_iterator<char>(file), {}};
    auto order = json::parse(sample).as_object();
    const std::size_t wanted = std::strtoul(argv[2], nullptr, 10);
    order["id"] = 8'800'000'000'000;
    const auto prototypes = order["line_items"].as_array();
    json::array lines{prototypes.at(0)};
    set_lines(order, lines);
    for (const auto* spare : {"billing_address", "note", "discount_applications"})
        if (json::serialize(order).size() > wanted)
            order.erase(spare);
    while (json::serialize(order).size() < wanted && lines.size() < 5000) {
        auto line = prototypes[lines.size() % prototypes.size()].as_object();
        line["id"] = line["id"].as_int64() + static_cast<std::int64_t>(10 * lines.size());
        lines.push_back(std::move(line));
        set_lines(order, lines);
    }
    std::cout << json::serialize(order);
    return 0;
}
