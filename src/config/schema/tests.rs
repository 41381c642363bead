use super::schema;

#[test]
fn every_key_is_in_the_schema() {
    let schema = schema();
    assert_eq!(schema["properties"]["call_timeout"]["default"], "10m");
    let server = &schema["properties"]["servers"]["additionalProperties"];
    assert_eq!(server["oneOf"][1]["required"], serde_json::json!(["url"]));
    assert_eq!(server["properties"].as_object().unwrap().len(), crate::keys::SERVER.len());
}
