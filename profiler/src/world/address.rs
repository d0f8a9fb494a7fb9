//! Where rank 0 listens.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    str::FromStr,
};

use thiserror::Error;

/// A host, by name or by number, and a TCP port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Name or number, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// Why a text is no address.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0:?} is no address; write HOST:PORT, or [::1]:PORT")]
pub struct AddressError(String);

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError(text.to_owned());
        let (host, port) = text.trim().rsplit_once(':').ok_or_else(wrong)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        let is_bare_v6 = bare.is_none() && host.contains(':');
        let port = port.parse().ok().filter(|&port| port != 0).ok_or_else(wrong)?;
        if host.is_empty() || is_bare_v6 || host.contains(char::is_whitespace) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Address {
    /// What the system makes of it.
    pub(super) fn resolved(&self) -> std::io::Result<Vec<SocketAddr>> {
        Ok((self.host.as_str(), self.port).to_socket_addrs()?.collect())
    }

    /// Where rank 0 is to listen, the first that can be had: on the very address where that is a number or this computer by its own
    /// word. A name stands for all addresses, since a computer's own name often means its loopback to itself and its network to
    /// others.
    pub(super) fn to_listen(&self) -> Vec<SocketAddr> {
        let everywhere = [
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, self.port)),
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, self.port)),
        ];
        match self.host.parse::<IpAddr>() {
            Ok(number) if number.is_loopback() => vec![(number, self.port).into()],
            // In a container the number may be that of a service before it.
            Ok(number) => [&[(number, self.port).into()][..], &everywhere].concat(),
            Err(_) if self.host == "localhost" => vec![(Ipv4Addr::LOCALHOST, self.port).into()],
            Err(_) => everywhere.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_ports_and_numbers_of_version_6_brackets() {
        let parsed = |text: &str| text.parse::<Address>().map(|it| (it.host, it.port));
        assert_eq!(parsed("node-3:29501"), Ok(("node-3".to_owned(), 29501)));
        assert_eq!(parsed("[fe80::1]:80"), Ok(("fe80::1".to_owned(), 80)));
        for wrong in ["", "node", "node:", ":80", "node:0", "node:70000", "::1:80", "a b:80"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
        for text in ["node-3:29501", "[::1]:29501"] {
            assert_eq!(text.parse::<Address>().map(|it| it.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn the_loopback_is_not_opened_to_the_network() {
        for (text, most) in
            [("127.0.0.1:5", 1), ("localhost:5", 1), ("[::1]:5", 1), ("10.0.0.7:5", 3)]
        {
            let to_listen = text.parse::<Address>().unwrap().to_listen();
            assert_eq!(to_listen.len(), most, "{text}");
            assert_eq!(to_listen[0].ip().is_loopback(), most == 1, "{text}");
        }
        assert!("node-3:5".parse::<Address>().unwrap().to_listen()[0].ip().is_unspecified());
    }
}
