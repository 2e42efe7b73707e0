#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::gateway {

/// What vendors call the members that hold what is personal, in groups that a deployment chooses from.
class PersonalNames {
public:
    /// Of these groups; what is none is left out.
    explicit PersonalNames(const std::vector<std::string>& groups);

    /// contact, address, payment.
    [[nodiscard]] static std::vector<std::string_view> groups();

    /// Whether the member `name` of a thing called `inside` ("" when that is not known) is personal. Case and the way
    /// of writing several words do not matter: `shippingCity`, `shipping_city` and `ship-to.city` all are cities.
    [[nodiscard]] bool has(std::string_view name, std::string_view inside = {}) const;
    /// Whether all that lies within such a member is personal too; not within an address, which also has a country.
    [[nodiscard]] static bool whole(std::string_view name);

private:
    std::set<std::string, std::less<>> names_;
    bool contact_ = false;
    bool payment_ = false;
};

}  // namespace headgate::gateway
