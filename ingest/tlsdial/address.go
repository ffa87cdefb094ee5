package tlsdial

import (
	"fmt"
	"net"
	"strconv"
)

// CheckAddress refuses an address of a server that cannot be one, before anything is connected to.
func CheckAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("%q is not host:port", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q has port %q, which is not in 1..65535", address, port)
	}
	return nil
}
