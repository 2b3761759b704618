use super::*;

async fn heard(text: &str, media: &[&str]) -> Vec<String> {
    let media = media.iter().map(|url| Media::at_url(*url, None)).collect();
    let prompt = Prompt { text: text.into(), media, ..Prompt::default() };
    let pieces: Vec<_> = Echo::new(Echo::ID).stream(prompt).collect().await;
    assert!(matches!(pieces.last(), Some(Ok(Piece::End(ending))) if ending.finish_reason == "stop"));
    let texts = pieces.into_iter().filter_map(|piece| match piece {
        Ok(Piece::Text(text)) => Some(text),
        _ => None,
    });
    texts.collect()
}

#[actix_web::test]
async fn says_what_it_was_told() {
    for text in
        ["", "hello", "one two three four five six seven eight", "日本語のとても長い文章を送ります", &"x ".repeat(10_000)]
    {
        let pieces = heard(text, &[]).await;
        assert_eq!(pieces.concat(), text);
        assert!(pieces.len() <= PIECES_MAX && pieces.iter().all(|piece| !piece.is_empty()), "{pieces:?}");
    }
    assert_eq!(heard("hello there, I am the echo", &[]).await, ["hello there, I am ", "the echo"]);
}

#[actix_web::test]
async fn names_media_on_lines_of_their_own() {
    assert_eq!(
        heard("look", &["http://a/1.png", "http://a/2"]).await.concat(),
        "look\n[media] http://a/1.png\n[media] http://a/2"
    );
    assert_eq!(heard("", &["http://a/1.png"]).await.concat(), "[media] http://a/1.png");
}
