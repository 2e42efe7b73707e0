#include "gateway/place.hpp"

#include <cstdlib>

namespace headgate::gateway {

mapping::Place place_of(const std::string& where)
{
    mapping::Place place{where, 0, 0};
    const auto column = where.rfind(':');
    const auto line = column == std::string::npos ? column : where.rfind(':', column - 1);
    if (line == std::string::npos)
        return place;
    place.file = where.substr(0, line);
    place.line = std::atoi(where.c_str() + line + 1);
    place.column = std::atoi(where.c_str() + column + 1);
    return place;
}

}  // namespace headgate::gateway
