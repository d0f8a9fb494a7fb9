//! The text form of batches: round trip, meaning, and errors that point at the place.

use proptest::prelude::*;
use weftscope_engine::batch::{Batch, Request};

fn request(cached_tokens: u32, new_tokens: u32) -> Request {
    Request { cached_tokens, new_tokens }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn text_round_trips(
        // Few distinct values, so that runs of equal requests happen.
        requests in prop::collection::vec((prop::sample::select(vec![0, 1, 1500]), 1u32..4), 1..20),
    ) {
        let requests = requests.into_iter().map(|(cached, new)| request(cached, new));
        let batch = Batch { requests: requests.collect() };
        prop_assert_eq!(batch.to_string().parse::<Batch>(), Ok(batch));
    }

    #[test]
    fn no_text_panics(text in "[0-9x@/,decode ü]{0,20}") {
        match text.parse::<Batch>() {
            Ok(batch) => prop_assert!(batch.requests.iter().all(|request| request.new_tokens > 0)),
            Err(err) => prop_assert!(err.column <= text.chars().count() + 1),
        }
    }
}

#[test]
fn parts_mean_what_the_table_says() {
    let parse = |text: &str| text.parse::<Batch>().unwrap();
    assert_eq!(parse("8192"), Batch::prefill(8192, 8192));
    assert_eq!(parse("2500/1024").requests, [request(0, 1024), request(0, 1024), request(0, 452)]);
    let mixed = parse(" 2x2048,1x512@1024 , 3xdecode@1500");
    let decode = request(1500, 1);
    let expected = [request(0, 2048), request(0, 2048), request(1024, 512), decode, decode, decode];
    assert_eq!(mixed.requests, expected);
    assert_eq!(mixed.to_string(), "2x2048, 512@1024, 3xdecode@1500");
    assert_eq!(mixed.num_decode(), 3);
    assert_eq!(parse("64xd4096, d7"), parse("64xdecode@4096, decode@7"));
    assert!("dec@5".parse::<Batch>().unwrap_err().problem.contains("`decode`"));
}

#[test]
fn hybrid_puts_decode_first() {
    let batch = Batch::hybrid(&Batch::decode(2, 300), request(512, 256));
    assert_eq!(batch.to_string(), "2xdecode@300, 256@512");
    assert_eq!(batch.tokens(), 258);
}

#[test]
fn errors_point_at_the_place() {
    let cases = [
        ("", "expected a number of tokens or `decode` at column 1 of the batch \"\""),
        ("0", "a number of tokens of 0 at column 1 of the batch \"0\""),
        ("4x", "expected a number of tokens or `decode` at column 3 of the batch \"4x\""),
        ("0x8", "a count of 0 at column 1 of the batch \"0x8\""),
        ("8192/0", "a sequence length of 0 at column 6 of the batch \"8192/0\""),
        ("512, 7y", "expected a comma or the end at column 7 of the batch \"512, 7y\""),
        ("512,", "expected a number of tokens or `decode` at column 5 of the batch \"512,\""),
        (
            "decode",
            "expected `@` and the cached tokens of a decode step at column 7 of the batch \"decode\"",
        ),
        (
            "decode@0",
            "the cached tokens of a decode step of 0 at column 8 of the batch \"decode@0\"",
        ),
        ("99999999999", "a number too large at column 1 of the batch \"99999999999\""),
        (
            "1, 9999x9999",
            "more than 4194304 tokens in all at column 4 of the batch \"1, 9999x9999\"",
        ),
        ("9000/1", "more than 8192 requests in all at column 1 of the batch \"9000/1\""),
        ("1@99999999", "more than 16777216 cached tokens at column 3 of the batch \"1@99999999\""),
    ];
    for (text, message) in cases {
        assert_eq!(text.parse::<Batch>().unwrap_err().to_string(), message);
    }
}
