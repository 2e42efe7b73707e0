// The one place where the separately compiled half of Asio's TLS is compiled.
#include <boost/asio/ssl/impl/src.hpp>
