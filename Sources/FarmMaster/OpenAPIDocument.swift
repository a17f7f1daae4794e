/// `GET /openapi.json`
enum OpenAPIDocument {
  static let text = "{}"
}
