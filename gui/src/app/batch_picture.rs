//! The batch of a run as the token bar draws it.

/// A request's stretch of the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestPicture {
    /// Tokens computed in this iteration.
    pub new_tokens: u32,
    /// Tokens whose K/V lie in the cache.
    pub cached_tokens: u32,
}

impl RequestPicture {
    /// A decode step: one new token on a cached context.
    pub fn is_decode(&self) -> bool {
        self.new_tokens == 1 && self.cached_tokens > 0
    }
}

/// A batch, and where it is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchPicture {
    /// In scheduler order.
    pub requests: Vec<RequestPicture>,
    /// Tokens with padding; at least the sum of the requests.
    pub padded_tokens: u32,
    /// Tokens in split 0; `None`: not cut.
    pub first_tokens: Option<u32>,
}

/// A stretch of the bar that is drawn alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// First token.
    pub from: u32,
    /// First token after.
    pub to: u32,
    /// What it is.
    pub what: StretchKind,
}

/// What a stretch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StretchKind {
    /// Prefill tokens of one request, by index.
    Prefill(u32),
    /// Decode steps, one token each, of this many requests.
    Decode(u32),
    /// Rows that hold no token.
    Padding,
}

/// The request that the cut goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutRequest {
    /// Its index.
    pub request: u32,
    /// Its new tokens before the cut.
    pub tokens_before: u32,
    /// Its new tokens after the cut.
    pub tokens_after: u32,
}

impl BatchPicture {
    /// Tokens of the requests.
    pub fn tokens(&self) -> u32 {
        self.requests.iter().map(|request| request.new_tokens).sum()
    }

    /// The bar, left to right: neighbouring decode steps are one stretch, since each alone is less than a pixel.
    pub fn stretches(&self) -> Vec<Stretch> {
        let mut out: Vec<Stretch> = Vec::new();
        let mut at = 0;
        for (index, request) in self.requests.iter().enumerate() {
            let to = at + request.new_tokens;
            match (request.is_decode(), out.last_mut()) {
                (true, Some(Stretch { to: end, what: StretchKind::Decode(count), .. })) => {
                    *end = to;
                    *count += 1;
                }
                (true, _) => out.push(Stretch { from: at, to, what: StretchKind::Decode(1) }),
                (false, _) => {
                    out.push(Stretch { from: at, to, what: StretchKind::Prefill(index as u32) });
                }
            }
            at = to;
        }
        if self.padded_tokens > at {
            out.push(Stretch { from: at, to: self.padded_tokens, what: StretchKind::Padding });
        }
        out
    }

    /// The request that the cut goes through; `None` when it goes between two, or there is none.
    pub fn cut_request(&self) -> Option<CutRequest> {
        let first = self.first_tokens?;
        let mut at = 0;
        for (index, request) in self.requests.iter().enumerate() {
            let to = at + request.new_tokens;
            if at < first && first < to {
                return Some(CutRequest {
                    request: index as u32,
                    tokens_before: first - at,
                    tokens_after: to - first,
                });
            }
            at = to;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(requests: &[(u32, u32)], first: Option<u32>) -> BatchPicture {
        let requests: Vec<RequestPicture> = requests
            .iter()
            .map(|&(cached_tokens, new_tokens)| RequestPicture { new_tokens, cached_tokens })
            .collect();
        let tokens: u32 = requests.iter().map(|request| request.new_tokens).sum();
        BatchPicture { requests, padded_tokens: tokens.next_multiple_of(256), first_tokens: first }
    }

    #[test]
    fn decode_steps_join_and_padding_comes_last() {
        let batch = picture(&[(100, 1), (200, 1), (0, 300)], None);
        let expect = [
            Stretch { from: 0, to: 2, what: StretchKind::Decode(2) },
            Stretch { from: 2, to: 302, what: StretchKind::Prefill(2) },
            Stretch { from: 302, to: 512, what: StretchKind::Padding },
        ];
        assert_eq!(batch.stretches(), expect);
    }

    #[test]
    fn a_cut_between_requests_cuts_none() {
        let requests = [(0, 256), (0, 256)];
        assert_eq!(picture(&requests, Some(256)).cut_request(), None);
        let cut = CutRequest { request: 1, tokens_before: 44, tokens_after: 212 };
        assert_eq!(picture(&requests, Some(300)).cut_request(), Some(cut));
        assert_eq!(picture(&requests, None).cut_request(), None);
    }
}
