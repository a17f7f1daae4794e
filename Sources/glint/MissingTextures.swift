import SceneImport

extension ImportWarning {
  /// Whether it says that a texture's picture is missing or cannot be read, so that surfaces look other than they should.
  ///
  /// The importer's warnings have no kind yet: its sentence tells.
  var isMissingTexture: Bool { description.hasSuffix("textures that use it are left out") }
}
