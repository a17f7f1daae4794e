import FarmModel

/// The messages in JSON Schema, and what routes have in common.
extension OpenAPIDocument {
  private static let viewNames = PictureSpec.views.map { "\"\($0)\"" }.joined(separator: ", ")

  static let components = #"""
      "components": {
        "securitySchemes": {
          "token": {"type": "http", "scheme": "bearer", "description": "Where the master has a token."},
          "cookie": {
            "type": "apiKey", "in": "cookie", "name": "glint-token",
            "description": "The same token, set by /v1/login."
          }
        },
        "parameters": {
          "hash": {
            "name": "hash", "in": "path", "required": true,
            "schema": {"$ref": "#/components/schemas/Hash"}
          },
          "job": {
            "name": "job", "in": "path", "required": true,
            "schema": {"$ref": "#/components/schemas/JobID"}
          },
          "lease": {
            "name": "lease", "in": "path", "required": true,
            "schema": {"$ref": "#/components/schemas/LeaseID"}
          },
          "frame": {
            "name": "frame", "in": "path", "required": true, "description": "The frame's number.",
            "schema": {"$ref": "#/components/schemas/FrameNumber"}
          },
          "session": {
            "name": "glint-session", "in": "header", "required": true,
            "description": "From POST /v1/agents.", "schema": {"type": "string"}
          }
        },
        "responses": {
          "Error": {
            "description": "The codes stand with each use.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
          },
          "NoToken": {
            "description": "no_token: the token is missing or wrong",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
          },
          "TooLarge": {
            "description": "too_large: the body, or what it expands to, is beyond its limit",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
          },
          "Internal": {
            "description": "internal: the master failed; its log says more",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
          },
          "Unavailable": {
            "description": "storage, disk_full, stopping, too_many_listeners: try again later",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
          },
          "DiskFault": {
            "description": "storage, disk_full: a file could not be written",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
          }
        },
        "schemas": {
          "Error": {
            "type": "object", "required": ["error"],
            "properties": {
              "error": {
                "type": "object", "required": ["code", "message"],
                "properties": {
                  "code": {"type": "string", "description": "For programs; stable."},
                  "message": {"type": "string", "description": "For people."}
                }
              }
            }
          },
          "Hash": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256."},
          "Key": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "Ed25519 public key."},
          "Signature": {"type": "string", "pattern": "^[0-9a-f]{128}$", "description": "Ed25519 signature."},
          "JobID": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
          "LeaseID": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
          "FrameNumber": {"type": "integer", "minimum": -1000000, "maximum": 1000000},
          "FrameNumbers": {
            "type": "string", "pattern": "^[-0-9,;. xy+]+$",
            "description": "Numbers and ranges, also with a step: 1-48,60 or 1-9x2 or -5--1. Answers sort them."
          },
          "Time": {"type": "number", "description": "Seconds since 1970."},
          "TimeText": {"type": "string", "format": "date-time", "description": "The same time, ISO 8601, UTC."},
          "Login": {"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}},
          "Status": {
            "type": "object",
            "required": ["version", "kernelRevision", "jobCount", "activeJobCount", "agentCount"],
            "properties": {
              "version": {"type": "string"}, "kernelRevision": {"type": "integer", "minimum": 0},
              "jobCount": {"type": "integer", "minimum": 0},
              "activeJobCount": {"type": "integer", "minimum": 0},
              "agentCount": {"type": "integer", "minimum": 0, "description": "Heard of in the last 40 s."}
            }
          },
          "Part": {
            "type": "object", "required": ["hash", "byteCount"],
            "properties": {
              "hash": {"$ref": "#/components/schemas/Hash"},
              "byteCount": {
                "type": "integer", "minimum": 0, "maximum": 4294967296,
                "description": "Uncompressed."
              }
            }
          },
          "MissingParts": {
            "type": "object", "required": ["missing"],
            "properties": {"missing": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}}
          },
          "JobSpec": {
            "type": "object", "description": "Everything that decides a job's pixels.",
            "required": [
              "bundle", "camera", "width", "height", "samples", "bounces", "seed", "filter", "kernelRevision"
            ],
            "properties": {
              "bundle": {"$ref": "#/components/schemas/Hash"},
              "camera": {
                "type": "integer", "minimum": 0, "maximum": 65535,
                "description": "Index into the bundle's cameras."
              },
              "width": {"type": "integer", "minimum": 1, "maximum": 16384},
              "height": {"type": "integer", "minimum": 1, "maximum": 16384},
              "samples": {"type": "integer", "minimum": 1, "maximum": 65536, "description": "A pixel."},
              "bounces": {"type": "integer", "minimum": 0, "maximum": 255},
              "seed": {"type": "integer", "format": "uint64", "minimum": 0},
              "filter": {"enum": ["box", "blackman-harris"]},
              "kernelRevision": {"type": "integer", "minimum": 0, "maximum": 65535}
            }
          },
          "CreateJob": {
            "type": "object",
            "required": [
              "name", "spec", "priority", "tile", "view", "exposure", "depth", "requestID"
            ],
            "oneOf": [{"required": ["frames"]}, {"required": ["firstFrame", "lastFrame"]}],
            "properties": {
              "name": {"type": "string", "minLength": 1, "maxLength": 200},
              "spec": {"$ref": "#/components/schemas/JobSpec"},
              "frames": {"$ref": "#/components/schemas/FrameNumbers"},
              "firstFrame": {"$ref": "#/components/schemas/FrameNumber"},
              "lastFrame": {"$ref": "#/components/schemas/FrameNumber"},
              "priority": {"type": "integer", "minimum": -100, "maximum": 100},
              "tile": {"type": "integer", "minimum": 16, "maximum": 1024, "multipleOf": 16},
              "view": {"enum": [\#(viewNames)]},
              "exposure": {"type": "number", "minimum": -32, "maximum": 32, "description": "Stops."},
              "depth": {"enum": [8, 16]},
              "trust": {
                "type": "number", "minimum": 0, "maximum": 1,
                "description": "Largest share of wrong units with which one settles; default 0.001. With 0 the master checks every unit."
              },
              "isPrivate": {
                "type": "boolean",
                "description": "Spec and bundle are not shown without a token. Default: whether the master has one."
              },
              "budget": {
                "type": "integer", "format": "uint64", "minimum": 0, "description": "Credit at which it pauses."
              },
              "estimatedCredit": {
                "type": "integer", "format": "uint64", "minimum": 0, "description": "What the submitter expects."
              },
              "requestID": {
                "type": "string", "minLength": 1, "maxLength": 100,
                "description": "Chosen by the client; makes the request safe to repeat."
              }
            }
          },
          "JobSummary": {
            "type": "object",
            "required": [
              "id", "name", "state", "spec", "specHash", "frames", "frameCount", "firstFrame", "lastFrame",
              "priority", "unitCount", "receivedUnitCount", "finishedUnitCount", "finishedFrameCount",
              "finalFrameCount", "trust", "createdAt", "createdAtISO",
              "isPrivate", "view", "exposure", "depth", "credit", "pendingCredit"
            ],
            "properties": {
              "id": {"$ref": "#/components/schemas/JobID"}, "name": {"type": "string"},
              "state": {"enum": ["active", "paused", "finished", "failed", "cancelled"]},
              "reason": {
                "type": "string",
                "description": "Why it failed or waits, why its pictures never become final, or an agent's last failure."
              },
              "spec": {"$ref": "#/components/schemas/JobSpec"},
              "specHash": {"$ref": "#/components/schemas/Hash"},
              "frames": {"$ref": "#/components/schemas/FrameNumbers"},
              "frameCount": {"type": "integer", "minimum": 1},
              "firstFrame": {"$ref": "#/components/schemas/FrameNumber"},
              "lastFrame": {"$ref": "#/components/schemas/FrameNumber"},
              "priority": {"type": "integer", "minimum": -100, "maximum": 100},
              "unitCount": {"type": "integer", "minimum": 0},
              "receivedUnitCount": {
                "type": "integer", "minimum": 0, "description": "Rendered; perhaps not yet checked."
              },
              "finishedUnitCount": {"type": "integer", "minimum": 0, "description": "Settled."},
              "finishedFrameCount": {
                "type": "integer", "minimum": 0, "description": "Frames of which there is a picture."
              },
              "finalFrameCount": {
                "type": "integer", "minimum": 0,
                "description": "Of those, the ones of which all units have settled; the others are provisional."
              },
              "trust": {
                "type": "number", "minimum": 0, "maximum": 1,
                "description": "Largest share of wrong units with which one settles."
              },
              "createdAt": {"$ref": "#/components/schemas/Time"},
              "endedAt": {"$ref": "#/components/schemas/Time"},
              "createdAtISO": {"$ref": "#/components/schemas/TimeText"},
              "endedAtISO": {"$ref": "#/components/schemas/TimeText"},
              "isPrivate": {"type": "boolean", "description": "Spec and bundle are not shown without a token."},
              "view": {"enum": [\#(viewNames)]},
              "exposure": {"type": "number", "minimum": -32, "maximum": 32, "description": "Stops."},
              "depth": {"enum": [8, 16], "description": "Bits a channel."},
              "credit": {
                "type": "integer", "format": "uint64", "minimum": 0,
                "description": "What it has cost by the ledger: renderings and checks."
              },
              "pendingCredit": {
                "type": "integer", "format": "uint64", "minimum": 0,
                "description": "What results that have not settled are worth beside that, with their checks."
              },
              "budget": {
                "type": "integer", "format": "uint64", "minimum": 0, "description": "Credit at which it pauses."
              },
              "estimatedCredit": {
                "type": "integer", "format": "uint64", "minimum": 0, "description": "What its submitter expected."
              }
            }
          },
          "JobList": {
            "type": "object", "required": ["jobs"],
            "properties": {"jobs": {"type": "array", "items": {"$ref": "#/components/schemas/JobSummary"}}}
          },
          "FrameSummary": {
            "type": "object",
            "required": [
              "number", "state", "isFinal", "revision", "unitCount", "receivedUnitCount", "finishedUnitCount", "rays",
              "seconds"
            ],
            "properties": {
              "number": {"$ref": "#/components/schemas/FrameNumber"},
              "state": {"enum": ["waiting", "rendering", "checking", "finished"]},
              "isFinal": {
                "type": "boolean", "description": "Whether all units of the picture have settled; if not, it may be made anew."
              },
              "error": {
                "type": "number", "minimum": 0, "maximum": 1,
                "description": "Of a picture: upper limit of the expected share of wrong units; 0 if it is final."
              },
              "revision": {"type": "integer", "minimum": 0, "description": "How often the picture was made."},
              "unitCount": {"type": "integer", "minimum": 0},
              "receivedUnitCount": {"type": "integer", "minimum": 0},
              "finishedUnitCount": {"type": "integer", "minimum": 0},
              "rays": {
                "type": "integer", "format": "uint64", "minimum": 0,
                "description": "Of a finished frame, shadow rays included."
              },
              "seconds": {
                "type": "number", "minimum": 0,
                "description": "Of a finished frame: time that agents spent."
              },
              "digest": {"$ref": "#/components/schemas/Hash"}
            }
          },
          "JobDetail": {
            "type": "object", "required": ["job", "frames"],
            "properties": {
              "job": {"$ref": "#/components/schemas/JobSummary"},
              "frames": {"type": "array", "items": {"$ref": "#/components/schemas/FrameSummary"}}
            }
          },
          "Priority": {
            "type": "object", "required": ["priority"],
            "properties": {"priority": {"type": "integer", "minimum": -100, "maximum": 100}}
          },
          "Budget": {
            "type": "object",
            "properties": {
              "credit": {
                "type": "integer", "format": "uint64", "minimum": 0, "description": "Left out: no limit."
              }
            }
          },
          "Spec": {
            "type": "object", "required": ["spec"],
            "properties": {"spec": {"$ref": "#/components/schemas/JobSpec"}}
          },
          "EntryList": {
            "type": "object", "required": ["entries", "knownFrom"],
            "properties": {
              "entries": {
                "type": "array", "maxItems": 1000,
                "items": {"type": "integer", "format": "uint64", "minimum": 0},
                "description": "Indices of ledger entries, ascending."
              },
              "knownFrom": {
                "type": "integer", "format": "uint64", "minimum": 0,
                "description": "Entries before this one are not known by agent any more."
              }
            }
          },
          "TileList": {
            "type": "object", "required": ["tiles"],
            "properties": {"tiles": {"type": "array", "items": {"$ref": "#/components/schemas/Tile"}}}
          },
          "Tile": {
            "type": "object", "required": ["x", "y", "width", "height", "agent"],
            "properties": {
              "x": {"type": "integer", "minimum": 0}, "y": {"type": "integer", "minimum": 0},
              "width": {"type": "integer", "minimum": 1}, "height": {"type": "integer", "minimum": 1},
              "agent": {"type": "string", "description": "Its name."}
            }
          },
          "AgentSummary": {
            "type": "object",
            "required": [
              "key", "name", "contributor", "state", "isOnProbation", "threadCount", "unitCount", "leaseCount"
            ],
            "properties": {
              "key": {"$ref": "#/components/schemas/Key"}, "name": {"type": "string"},
              "contributor": {"$ref": "#/components/schemas/Key"},
              "state": {"enum": ["working", "idle", "away", "banned"]},
              "reason": {"type": "string", "description": "Why it is banned."},
              "isOnProbation": {"type": "boolean", "description": "All its units are still checked."},
              "threadCount": {"type": "integer", "minimum": 1, "maximum": 4096},
              "unitCount": {"type": "integer", "minimum": 0, "description": "Results taken."},
              "leaseCount": {"type": "integer", "minimum": 0}
            }
          },
          "AgentList": {
            "type": "object", "required": ["agents"],
            "properties": {"agents": {"type": "array", "items": {"$ref": "#/components/schemas/AgentSummary"}}}
          },
          "CreditSummary": {
            "type": "object",
            "required": [
              "contributor", "unitCount", "paths", "rays", "shadingEvaluations", "checkCount", "checkRays",
              "credit", "revokedCredit", "pendingUnitCount", "pendingCredit"
            ],
            "properties": {
              "contributor": {"$ref": "#/components/schemas/Key"},
              "unitCount": {"type": "integer", "minimum": 0, "description": "Settled units."},
              "paths": {"type": "integer", "format": "uint64", "minimum": 0},
              "rays": {
                "type": "integer", "format": "uint64", "minimum": 0,
                "description": "Shadow rays included."
              },
              "shadingEvaluations": {"type": "integer", "format": "uint64", "minimum": 0},
              "checkCount": {
                "type": "integer", "minimum": 0,
                "description": "Checks of others' units that agreed."
              },
              "checkRays": {"type": "integer", "format": "uint64", "minimum": 0},
              "credit": {
                "type": "integer", "format": "uint64", "minimum": 0,
                "description": "By the ledger, checks included, less what was taken back."
              },
              "revokedCredit": {
                "type": "integer", "format": "uint64", "minimum": 0, "description": "Paid and taken back."
              },
              "pendingUnitCount": {
                "type": "integer", "minimum": 0, "description": "Results that wait for evidence."
              },
              "pendingCredit": {
                "type": "integer", "format": "uint64", "minimum": 0, "description": "What they will be worth."
              }
            }
          },
          "CreditList": {
            "type": "object", "required": ["credits"],
            "properties": {
              "credits": {"type": "array", "items": {"$ref": "#/components/schemas/CreditSummary"}}
            }
          },
          "RegisterAgent": {
            "type": "object",
            "required": [
              "name", "agentKey", "contributorKey", "signature", "proof", "kernelRevision", "threadCount",
              "instance", "selfTest"
            ],
            "properties": {
              "name": {"type": "string", "minLength": 1, "maxLength": 200},
              "agentKey": {"$ref": "#/components/schemas/Key"},
              "contributorKey": {"$ref": "#/components/schemas/Key"},
              "signature": {
                "$ref": "#/components/schemas/Signature",
                "description": "The contributor key's over the agent key statement."
              },
              "proof": {
                "$ref": "#/components/schemas/Signature",
                "description": "The agent key's over the same."
              },
              "kernelRevision": {"type": "integer", "minimum": 0},
              "threadCount": {"type": "integer", "minimum": 1, "maximum": 4096},
              "instance": {
                "type": "string", "minLength": 1, "maxLength": 64,
                "description": "The running process."
              },
              "selfTest": {
                "type": "object", "required": ["digests", "pathsPerSecond"],
                "properties": {
                  "digests": {
                    "type": "array", "maxItems": 64, "items": {"$ref": "#/components/schemas/Hash"},
                    "description": "What each unit of the self-test gave."
                  },
                  "pathsPerSecond": {
                    "type": "number", "minimum": 0, "description": "For scheduling, never for pay."
                  }
                }
              }
            }
          },
          "AgentRegistration": {
            "type": "object", "required": ["session"],
            "properties": {"session": {"type": "string", "description": "To be sent as glint-session."}}
          },
          "PreparedFrame": {
            "type": "object", "required": ["bundle", "frame", "camera"],
            "properties": {
              "bundle": {"$ref": "#/components/schemas/Hash"},
              "frame": {"$ref": "#/components/schemas/FrameNumber"}, "camera": {"type": "integer", "minimum": 0}
            }
          },
          "AskForWork": {
            "type": "object", "required": ["unitCount", "prepared", "waitSeconds"],
            "properties": {
              "unitCount": {"type": "integer", "minimum": 1},
              "prepared": {
                "type": "array", "items": {"$ref": "#/components/schemas/PreparedFrame"},
                "maxItems": 1000
              },
              "waitSeconds": {"type": "number", "minimum": 0, "description": "Beyond 30 counts as 30."}
            }
          },
          "Lease": {
            "type": "object",
            "required": [
              "id", "spec", "frame", "x", "y", "width", "height", "firstSample", "sampleCount", "seconds"
            ],
            "properties": {
              "id": {"$ref": "#/components/schemas/LeaseID"},
              "spec": {"$ref": "#/components/schemas/JobSpec"},
              "frame": {"$ref": "#/components/schemas/FrameNumber"}, "x": {"type": "integer", "minimum": 0},
              "y": {"type": "integer", "minimum": 0}, "width": {"type": "integer", "minimum": 1},
              "height": {"type": "integer", "minimum": 1},
              "firstSample": {"type": "integer", "minimum": 0},
              "sampleCount": {
                "type": "integer", "minimum": 1,
                "description": "Makes the samples a node of the tree over the spec's samples (docs/kernel.md)."
              },
              "seconds": {"type": "number", "minimum": 0, "description": "Its life from now."}
            }
          },
          "LeaseList": {
            "type": "object", "required": ["leases"],
            "properties": {
              "leases": {"type": "array", "items": {"$ref": "#/components/schemas/Lease"}, "maxItems": 32}
            }
          },
          "LeaseIDs": {
            "type": "object", "required": ["leases"],
            "properties": {"leases": {"type": "array", "items": {"$ref": "#/components/schemas/LeaseID"}}}
          },
          "RenewAnswer": {
            "type": "object", "required": ["held", "seconds"],
            "properties": {
              "held": {"type": "array", "items": {"$ref": "#/components/schemas/LeaseID"}},
              "seconds": {"type": "number", "minimum": 0}
            }
          },
          "Failure": {"type": "object", "required": ["reason"], "properties": {"reason": {"type": "string"}}},
          "Counters": {
            "type": "object",
            "required": ["paths", "rays", "shadowRays", "shadingEvaluations", "nonFiniteSamples"],
            "properties": {
              "paths": {"type": "integer", "format": "uint64", "minimum": 0},
              "rays": {"type": "integer", "format": "uint64", "minimum": 0},
              "shadowRays": {"type": "integer", "format": "uint64", "minimum": 0},
              "shadingEvaluations": {"type": "integer", "format": "uint64", "minimum": 0},
              "nonFiniteSamples": {"type": "integer", "format": "uint64", "minimum": 0}
            }
          },
          "Commit": {
            "type": "object", "required": ["digest", "counters", "signature"],
            "properties": {
              "digest": {"$ref": "#/components/schemas/Hash"},
              "counters": {"$ref": "#/components/schemas/Counters"},
              "signature": {
                "$ref": "#/components/schemas/Signature",
                "description": "The agent key's over the result statement."
              }
            }
          }
        }
      }
    """#
}
