#include "gateway/access.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/fits.hpp"

namespace headgate::gateway {

namespace {

constexpr std::array<std::pair<std::string_view, Role>, 4> roles{
    {{"viewer", Role::viewer}, {"operator", Role::operator_}, {"approver", Role::approver}, {"admin", Role::admin}}};

}  // namespace

std::string_view name_of(Role role)
{
    return roles.at(static_cast<std::size_t>(role)).first;
}

std::optional<Role> role_named(std::string_view name)
{
    for (const auto& [known, role] : roles)
        if (known == name)
            return role;
    return std::nullopt;
}

std::vector<std::string_view> role_names()
{
    std::vector<std::string_view> names;
    for (const auto& [name, role] : roles)
        names.push_back(name);
    return names;
}

bool Scope::takes(const About& what) const
{
    return fits(channels, what.channel) && fits(types, what.type) && fits(queues, what.queue);
}

}  // namespace headgate::gateway
