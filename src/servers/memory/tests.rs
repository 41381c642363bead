use super::{Catalog, Offer};
use crate::wire::{ListKind, ServerCapabilities};

#[tokio::test]
async fn an_offer_is_recalled_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Catalog { path: Some(dir.path().join("offer.json")) };
    assert_eq!(memory.recall(), None);
    let capabilities = ServerCapabilities::parse(r#"{"tools":{"listChanged":true},"x":"\"}"#);
    let mut offer = Offer::from_pages(&[
        (
            ListKind::Tools,
            r#"{"tools":[{"name":"a","inputSchema":{"x":1e400}},{"name":"b","inputSchema":{"type":"object"}}]}"#,
        ),
        (ListKind::Resources, r#"{"resources":[{"uri":"x:\"y","name":"r"}]}"#),
    ]);
    (offer.capabilities, offer.instructions) = (capabilities.into(), Some("a \"b\" c".into()));
    memory.keep(&offer).await;
    let recalled = memory.recall().unwrap();
    for kind in ListKind::ALL {
        assert_eq!(recalled.list(kind).items, offer.list(kind).items);
    }
    assert_eq!(recalled.instructions, offer.instructions);
    assert_eq!(recalled.capabilities, offer.capabilities);
}
