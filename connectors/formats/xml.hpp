#pragma once

#include <cstddef>
#include <string_view>

#include "core/document.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

struct XmlLimits {
    std::size_t bytes = std::size_t{64} << 20U;
    std::size_t depth = 64;
    std::size_t nodes = 1'000'000;
};

/// Reads one XML document (XML 1.0, UTF-8) as a tree: the root element is the one member of an object. An element with
/// attributes or child elements is an object, `@name` for an attribute and `#text` for text that is not blank; any
/// other is its text. Elements of one name beside each other are a list, where the first of them stood. Names keep
/// their prefixes; comments and processing instructions are left out. There are no DTDs and no entities: a DOCTYPE that
/// only names one is passed over and never fetched. Each failure is permanent:
///   xml_syntax        not well-formed, no root or two; its detail gives the byte
///   xml_dtd           a DOCTYPE with declarations in it
///   xml_entity        an entity other than the five of XML and character references
///   xml_encoding      a declaration of another encoding than UTF-8
///   invalid_utf8, duplicate_key (an attribute twice), too_deep, too_many_nodes, too_large
[[nodiscard]] Result<Document> read_xml(std::string_view bytes, const XmlLimits& limits = {});

}  // namespace headgate::connectors
