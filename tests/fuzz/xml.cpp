// Any bytes as XML: refused with a code, or a tape on which every node is found by its own pointer's steps.
#include <cstdint>
#include <string_view>

#include "connectors/formats/xml.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace headgate;
    const auto document = connectors::read_xml({reinterpret_cast<const char*>(data), size});
    if (!document) {
        if (document.error().code.empty())
            __builtin_trap();
        return 0;
    }
    for (NodeIndex i = 1; i < document->size(); ++i) {
        const Node& node = (*document)[i];
        const Node& parent = (*document)[node.parent];
        const NodeIndex found = parent.kind == NodeKind::object ? document->member(node.parent, node.name)
                                                                : document->item(node.parent, node.place);
        if (found != i)
            __builtin_trap();
    }
    return 0;
}
