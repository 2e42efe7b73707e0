#include "connectors/formats/format.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "connectors/formats/json.hpp"
#include "connectors/formats/xml.hpp"

namespace headgate::connectors {

namespace {

/// A tree as JSON, to be compared at a glance.
std::string tree_text(const Document& document, NodeIndex at = 0)
{
    const Node& node = document[at];
    std::string text;
    switch (node.kind) {
    case NodeKind::text: return "\"" + std::string(node.text) + "\"";
    case NodeKind::null: return "null";
    case NodeKind::number:
    case NodeKind::boolean: return std::string(node.text);
    case NodeKind::list:
    case NodeKind::object:
        for (const auto child : document.children(at)) {
            text += text.empty() ? "" : ",";
            if (node.kind == NodeKind::object)
                text += std::string(document[child].name) + ":";
            text += tree_text(document, child);
        }
        return node.kind == NodeKind::list ? "[" + text + "]" : "{" + text + "}";
    }
    return "?";
}

std::string reading(const Result<Document>& document)
{
    return document ? tree_text(*document) : document.error().code;
}

FormatConfig form()
{
    FormatConfig format;
    format.kind = FormatConfig::Kind::form;
    return format;
}

TEST(FormTest, FieldsAreTextsAndARepeatedOneIsAList)
{
    EXPECT_EQ(reading(read_document("id=7&note=a+b%26c&sku[]=A&sku[]=B&empty=&bare", form())),
              R"({id:"7",note:"a b&c",sku[]:["A","B"],empty:"",bare:""})");
    EXPECT_EQ(reading(read_document("a=%zz%4&b=%C3%A9", form())), "{a:\"%zz%4\",b:\"\xc3\xa9\"}")
        << "a % that begins nothing stands for itself";
    EXPECT_EQ(reading(read_document("", form())), "form_empty");
    EXPECT_EQ(reading(read_document("&&", form())), "form_empty");
    EXPECT_EQ(reading(read_document("a=%E9", form())), "invalid_utf8");
}

TEST(FormTest, Windows1252AsTheEncodingStandardHasIt)
{
    auto format = form();
    format.encoding = FormatConfig::Encoding::windows_1252;
    EXPECT_EQ(reading(read_document("payer=Ren%E9+%80+%9C%81", format)),
              "{payer:\"Ren\xc3\xa9 \xe2\x82\xac \xc5\x93\xc2\x81\"}");
}

TEST(FormTest, ADocumentInAField)
{
    auto format = form();
    format.field = "payload";
    EXPECT_EQ(reading(read_document("v=1&payload=%7B%22total%22%3A19.990%7D", format)), "{total:19.990}");
    EXPECT_EQ(reading(read_document("v=1", format)), "form_field_missing");
    EXPECT_EQ(reading(read_document("payload=1&payload=2", format)), "form_field_missing");
    EXPECT_EQ(reading(read_document("payload={", format)), "json_truncated");
    format.field_kind = FormatConfig::Kind::xml;
    EXPECT_EQ(reading(read_document("payload=%3Ca+b%3D%271%27%2F%3E", format)), "{a:{@b:\"1\"}}");
}

TEST(FormTest, NumberedFieldsAreAListOfObjects)
{
    FormatConfig format = form();
    format.numbered = "payments";
    EXPECT_EQ(
        reading(read_document("txn_type=masspay&mc_gross_2=5.00&unique_id_1=a&mc_gross_1=19.90&unique_id_2=b", format)),
        "{txn_type:\"masspay\",payments:[{unique_id:\"a\",mc_gross:\"19.90\"},{mc_gross:\"5.00\",unique_id:\"b\"}]}");
    // What only looks like a number stays what it is, and gaps are none.
    EXPECT_EQ(
        reading(read_document("a_0=1&a_01=2&_3=3&a_x=4&a_=5&a_4294967296=6&b_10=7&b_9=8&b_10=9&payments=10", format)),
        "{a_0:\"1\",a_01:\"2\",_3:\"3\",a_x:\"4\",a_:\"5\",a_4294967296:\"6\",payments:[{b:\"8\"},{b:[\"7\",\"9\"]}]}");
    EXPECT_EQ(reading(read_document("a=1", format)), "{a:\"1\",payments:[]}");
}

TEST(XmlTest, ElementsAttributesAndTexts)
{
    EXPECT_EQ(reading(read_xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><o id='7'><n>A &amp; B&#xE9;</n>"
                               "<m c=\"EUR\">85.00</m><e/><t><![CDATA[<x>&y;]]></t></o>")),
              "{o:{@id:\"7\",n:\"A & B\xc3\xa9\",m:{@c:\"EUR\",#text:\"85.00\"},e:\"\",t:\"<x>&y;\"}}");
    EXPECT_EQ(reading(read_xml("<o>\n  <l>1</l>\n  <x/>\n  <l>2</l>\n</o>")), R"({o:{l:["1","2"],x:""}})")
        << "elements of one name are a list where the first stood";
    EXPECT_EQ(reading(read_xml("\xef\xbb\xbf<ns:a xml:lang=\"de\">x<b/>y</ns:a>")),
              R"({ns:a:{@xml:lang:"de",#text:"xy",b:""}})");
}

TEST(XmlTest, ADoctypeThatNamesADtdIsPassedOverAndOneThatDeclaresIsRefused)
{
    EXPECT_EQ(reading(read_xml("<!DOCTYPE cXML SYSTEM \"http://xml.cXML.org/schemas/cXML/1.2.050/cXML.dtd\"><cXML/>")),
              "{cXML:\"\"}");
    EXPECT_EQ(reading(read_xml("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>")), "xml_dtd");
    EXPECT_EQ(reading(read_xml("<!DOCTYPE a [<!ENTITY l \"ll\">]><a/>")), "xml_dtd");
    EXPECT_EQ(reading(read_xml("<a><!ENTITY x 'y'></a>")), "xml_dtd");
}

TEST(XmlTest, WhatIsNotXmlIsRefusedByName)
{
    for (const auto* text : {"", "   ", "x", "<a>", "<a></b>", "<a/><b/>", "<a><!-- </a>", "<a b=1/>", "<a>\x01</a>",
                             "<a><![CDATA[\x02]]></a>", "<?xml version=\"1.0\"?>"})
        EXPECT_EQ(reading(read_xml(text)), "xml_syntax") << text;
    for (const auto* text : {"<a>&nbsp;</a>", "<a>& b</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#1114112;</a>",
                             "<a b='&x;'/>", "<a>&#99999999999;</a>", "<a>&amp</a>"})
        EXPECT_EQ(reading(read_xml(text)), "xml_entity") << text;
    EXPECT_EQ(reading(read_xml("<a b='1' b='2'/>")), "duplicate_key");
    EXPECT_EQ(reading(read_xml("<a>\xff</a>")), "invalid_utf8");
    EXPECT_EQ(reading(read_xml("<?xml version='1.0' encoding='ISO-8859-1'?><a/>")), "xml_encoding");
    std::string deep;
    for (int i = 0; i < 100; ++i)
        deep += "<a>";
    for (int i = 0; i < 100; ++i)
        deep += "</a>";
    EXPECT_EQ(reading(read_xml(deep)), "too_deep");
    EXPECT_EQ(reading(read_xml("<a><b/><b/><b/></a>", {.bytes = 100, .depth = 9, .nodes = 3})), "too_many_nodes");
    EXPECT_EQ(reading(read_xml("<a/>", {.bytes = 3})), "too_large");
}

TEST(XmlTest, EveryDocumentOfVendorsIsRead)
{
    const char* folder = std::getenv("HEADGATE_FIXTURES");
    if (folder == nullptr)
        GTEST_SKIP() << "HEADGATE_FIXTURES names the folder of vendors' documents";
    int read = 0;
    for (const auto* name : {"cxml", "feeds/cxml"})
        for (const auto& file : std::filesystem::directory_iterator(std::string(folder) + "/" + name)) {
            if (file.path().extension() != ".xml")
                continue;
            std::ifstream stream(file.path(), std::ios::binary);
            const auto document = read_xml(std::string(std::istreambuf_iterator<char>(stream), {}));
            EXPECT_TRUE(document) << file.path() << ": " << document.error().code << " " << document.error().detail;
            ++read;
        }
    EXPECT_GE(read, 5);
}

}  // namespace

}  // namespace headgate::connectors
