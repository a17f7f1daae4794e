/// A variant of the AgX view, as in Blender's menu of looks; other views have no looks.
public enum ViewLook: String, CaseIterable, Sendable {
  case none
  /// Darker shadows and a little more contrast.
  case punchy
  /// Grey by luminance.
  case greyscale
  case veryHighContrast = "very-high-contrast"
  case highContrast = "high-contrast"
  case mediumHighContrast = "medium-high-contrast"
  /// Contrast 1: nearly `none`. It differs in saturated colours, which pass the gamut guard twice, as in Blender.
  case baseContrast = "base-contrast"
  case mediumLowContrast = "medium-low-contrast"
  case lowContrast = "low-contrast"
  case veryLowContrast = "very-low-contrast"
}
