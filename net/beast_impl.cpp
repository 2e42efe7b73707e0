// The one place where the separately compiled half of Beast is compiled.
#include <boost/beast/src.hpp>
