#pragma once

#include <string>

namespace headgate::net {

/// A Lua script as Redis knows it.
struct Script {
    std::string name;    // for people: "accept"
    std::string source;  // begins with "#!lua"
    std::string sha1;    // 40 lower case hex digits of `source`
};

[[nodiscard]] Script make_script(std::string name, std::string source);

}  // namespace headgate::net
