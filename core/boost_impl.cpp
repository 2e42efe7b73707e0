// The one place where the separately compiled halves of Asio are compiled.
#include <boost/asio/impl/src.hpp>
