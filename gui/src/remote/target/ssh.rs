//! Who is to be reached: `ssh://user@host:port`.

use std::{fmt, str::FromStr};

use percent_encoding::percent_decode_str;

use super::{TargetError, host_and_port, part, port, public};

/// A server, as `ssh` reaches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshTarget {
    /// `None`: as the user's configuration of ssh has it.
    user: Option<String>,
    /// A name of that configuration, or of the network.
    host: String,
    port: Option<u16>,
}

/// What addresses of servers begin with.
pub(super) const SCHEME: &str = "ssh://";

impl SshTarget {
    /// The arguments of `ssh` that run `command` there: one word each, nothing that a shell here would read. What stands in the user's
    /// own configuration (jump hosts, keys, agents) counts.
    pub fn ssh_arguments(&self, command: &[&str]) -> Vec<String> {
        // No terminal, and an end when the other side is silent for half a minute.
        let mut arguments: Vec<String> =
            ["-T", "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3"]
                .map(str::to_owned)
                .to_vec();
        if let Some(port) = self.port {
            arguments.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(user) = &self.user {
            arguments.extend(["-l".to_owned(), user.clone()]);
        }
        // Whatever the host is called, it is no option.
        arguments.extend(["--".to_owned(), self.host.clone()]);
        // ssh hands its words to the shell there, joined with spaces.
        arguments.push(shlex::try_join(command.iter().copied()).unwrap_or_default());
        arguments
    }

    /// Name of the host.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for SshTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)
        } else {
            f.write_str(&self.host)
        }?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl FromStr for SshTarget {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let wrong = |part, why| TargetError::part(text, part, why);
        let no_scheme = || TargetError::Scheme(public(text).to_owned());
        let rest = text.strip_prefix(SCHEME).ok_or_else(no_scheme)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !path.is_empty() {
            return Err(wrong(
                "what stands behind the host",
                "not known: there is nothing to choose there yet",
            ));
        }
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let user = user.map(|user| percent_decode_str(user).decode_utf8_lossy().into_owned());
        if let Some(user) = &user {
            part(user).map_err(|why| wrong("the user", why))?;
            if user.contains(':') {
                return Err(wrong("the user", "not to hold a password: ssh asks for it"));
            }
        }
        let (host, given) = host_and_port(place);
        part(host).map_err(|why| wrong("the host", why))?;
        let port = given.map(port).transpose().map_err(|why| wrong("the port", why))?;
        Ok(Self { user, host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_and_written_the_same() {
        for (text, user, host, port) in [
            ("ssh://box", None, "box", None),
            ("ssh://ann@box", Some("ann"), "box", None),
            ("ssh://ann@box.example.org:2222", Some("ann"), "box.example.org", Some(2222)),
            ("ssh://[fe80::1%25eth0]:22", None, "fe80::1%25eth0", Some(22)),
            ("ssh://DOMAIN%40ann@box", Some("DOMAIN@ann"), "box", None),
        ] {
            let target: SshTarget = text.parse().unwrap();
            let expected = SshTarget { user: user.map(str::to_owned), host: host.to_owned(), port };
            assert_eq!(target, expected, "{text}");
            if !text.contains("%40") {
                assert_eq!(target.to_string(), text);
            }
        }
    }

    #[test]
    fn what_would_be_taken_for_something_else_is_refused() {
        for (text, part) in [
            ("box", "is no address of a server"),
            ("http://box", "is no address of a server"),
            ("ssh://", "the host is missing"),
            ("ssh://-oProxyCommand=touch%20x", "the host is not to begin with a dash"),
            ("ssh://-l@box", "the user is not to begin with a dash"),
            ("ssh://ann:secret@box", "not to hold a password"),
            ("ssh://box;reboot", "characters that a shell reads"),
            ("ssh://$(x)@box", "characters that a shell reads"),
            ("ssh://box:0", "the port is none of"),
            ("ssh://box:99999", "the port is none of"),
            ("ssh://box/job", "there is nothing to choose there yet"),
        ] {
            let error = text.parse::<SshTarget>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn arguments_are_words_and_the_host_is_none_of_the_options() {
        let target: SshTarget = "ssh://ann@box:2222".parse().unwrap();
        let arguments = target.ssh_arguments(&["/opt/my tools/weftscope", "agent", "--stdio"]);
        let end =
            ["-p", "2222", "-l", "ann", "--", "box", "'/opt/my tools/weftscope' agent --stdio"];
        assert!(arguments.ends_with(&end.map(str::to_owned)), "{arguments:?}");
    }
}
