/// The API in OpenAPI 3.1: what `GET /openapi.json` answers. docs/protocol.md says it in words.
enum OpenAPIDocument {
  static let text = paths + "\n" + components + "\n}\n"

  /// The document up to its components.
  private static let paths = #"""
    {
      "openapi": "3.1.0",
      "info": {
        "title": "Glint", "version": "1", "summary": "The API of a render farm's master.",
        "description": "Specified in docs/protocol.md. Errors have one form; their codes are listed with each status.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
      },
      "servers": [{"url": "/"}], "security": [{"token": []}, {"cookie": []}, {}],
      "paths": {
        "/": {
          "get": {
            "tags": ["page"], "operationId": "getPage", "summary": "The page for people",
            "security": [],
            "responses": {
              "200": {"description": "HTML", "content": {"text/html": {"schema": {"type": "string"}}}}
            }
          }
        },
        "/openapi.json": {
          "get": {
            "tags": ["page"], "operationId": "getDescription", "summary": "This document",
            "security": [],
            "responses": {
              "200": {
                "description": "OpenAPI 3.1",
                "content": {"application/json": {"schema": {"type": "object"}}}
              }
            }
          }
        },
        "/v1/login": {
          "post": {
            "tags": ["people"], "operationId": "logIn",
            "summary": "Gives a browser the token as a cookie", "security": [],
            "requestBody": {
              "required": true,
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Login"}}}
            },
            "responses": {
              "204": {
                "description": "The cookie is set",
                "headers": {"Set-Cookie": {"schema": {"type": "string"}}}
              },
              "400": {"$ref": "#/components/responses/Error", "description": "malformed"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "413": {"$ref": "#/components/responses/TooLarge"},
              "500": {"$ref": "#/components/responses/Internal"}
            }
          }
        },
        "/v1/status": {
          "get": {
            "tags": ["people"], "operationId": "getStatus",
            "summary": "What the master is and how much it has to do",
            "responses": {
              "200": {
                "description": "The master",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/bundles/{hash}": {
          "parameters": [{"$ref": "#/components/parameters/hash"}],
          "put": {
            "tags": ["bundles"], "operationId": "putBundle",
            "summary": "Tells of a bundle and asks which parts are missing",
            "requestBody": {
              "required": true,
              "content": {
                "application/octet-stream": {
                  "schema": {"description": "The manifest, not compressed (docs/bundle.md); at most 64 MiB."}
                }
              }
            },
            "responses": {
              "200": {
                "description": "Parts to be sent",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/MissingParts"}}}
              },
              "400": {"$ref": "#/components/responses/Error", "description": "malformed, wrong_hash"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "413": {"$ref": "#/components/responses/TooLarge"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"},
              "507": {"$ref": "#/components/responses/DiskFault"}
            }
          },
          "get": {
            "tags": ["bundles"], "operationId": "getBundle", "summary": "A bundle's manifest",
            "responses": {
              "200": {
                "description": "The manifest, not compressed",
                "headers": {
                  "ETag": {"schema": {"type": "string"}, "description": "The hash in quotes."},
                  "Cache-Control": {"schema": {"type": "string"}}
                },
                "content": {"application/octet-stream": {"schema": {"description": "docs/bundle.md"}}}
              },
              "400": {"$ref": "#/components/responses/Error", "description": "malformed"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_bundle"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/parts/{hash}": {
          "parameters": [{"$ref": "#/components/parameters/hash"}],
          "put": {
            "tags": ["bundles"], "operationId": "putPart", "summary": "Sends a part",
            "parameters": [
              {
                "name": "size", "in": "query", "required": true, "description": "Uncompressed bytes.",
                "schema": {"type": "integer", "minimum": 0, "maximum": 4294967296}
              },
              {"name": "Content-Encoding", "in": "header", "required": true, "schema": {"const": "zstd"}}
            ],
            "requestBody": {
              "required": true,
              "content": {
                "application/octet-stream": {
                  "schema": {"description": "zstd; at most size + size/128 + 4096 bytes."}
                }
              }
            },
            "responses": {
              "204": {"description": "The part is on disk"},
              "400": {"$ref": "#/components/responses/Error", "description": "malformed, wrong_hash"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "413": {"$ref": "#/components/responses/TooLarge"},
              "415": {"$ref": "#/components/responses/Error", "description": "not_zstd"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"},
              "507": {"$ref": "#/components/responses/DiskFault"}
            }
          },
          "get": {
            "tags": ["bundles"], "operationId": "getPart", "summary": "A part",
            "responses": {
              "200": {
                "description": "The part, always in zstd",
                "headers": {
                  "ETag": {"schema": {"type": "string"}, "description": "The hash in quotes."},
                  "Cache-Control": {"schema": {"type": "string"}},
                  "Content-Encoding": {"schema": {"const": "zstd"}}
                },
                "content": {"application/octet-stream": {"schema": {"description": "zstd"}}}
              },
              "400": {"$ref": "#/components/responses/Error", "description": "malformed"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_part"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs": {
          "get": {
            "tags": ["jobs"], "operationId": "listJobs", "summary": "All jobs, newest first",
            "responses": {
              "200": {
                "description": "Jobs",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobList"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          },
          "post": {
            "tags": ["jobs"], "operationId": "createJob",
            "summary": "Makes a job; finds the one that an earlier request of the same requestID made",
            "requestBody": {
              "required": true,
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CreateJob"}}}
            },
            "responses": {
              "201": {
                "description": "The job",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobSummary"}}}
              },
              "400": {
                "$ref": "#/components/responses/Error",
                "description": "malformed, bad_job, no_bundle, missing_parts"
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "409": {"$ref": "#/components/responses/Error", "description": "too_many_jobs"},
              "413": {"$ref": "#/components/responses/TooLarge"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs/{job}": {
          "parameters": [{"$ref": "#/components/parameters/job"}],
          "get": {
            "tags": ["jobs"], "operationId": "getJob", "summary": "A job with its frames",
            "responses": {
              "200": {
                "description": "The job",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobDetail"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_job"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs/{job}/pause": {
          "parameters": [{"$ref": "#/components/parameters/job"}],
          "post": {
            "tags": ["jobs"], "operationId": "pauseJob",
            "summary": "Stops handing out units; those in work are taken",
            "responses": {
              "200": {
                "description": "The job as it is now",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobSummary"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_job"},
              "409": {"$ref": "#/components/responses/Error", "description": "wrong_state"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs/{job}/resume": {
          "parameters": [{"$ref": "#/components/parameters/job"}],
          "post": {
            "tags": ["jobs"], "operationId": "resumeJob", "summary": "Goes on with a paused job",
            "responses": {
              "200": {
                "description": "The job as it is now",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobSummary"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_job"},
              "409": {"$ref": "#/components/responses/Error", "description": "wrong_state"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs/{job}/cancel": {
          "parameters": [{"$ref": "#/components/parameters/job"}],
          "post": {
            "tags": ["jobs"], "operationId": "cancelJob",
            "summary": "Ends a job; finished frames stay",
            "responses": {
              "200": {
                "description": "The job as it is now",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobSummary"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_job"},
              "409": {"$ref": "#/components/responses/Error", "description": "wrong_state"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs/{job}/retry": {
          "parameters": [{"$ref": "#/components/parameters/job"}],
          "post": {
            "tags": ["jobs"], "operationId": "retryJob",
            "summary": "Goes on with a failed or cancelled job",
            "responses": {
              "200": {
                "description": "The job as it is now",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobSummary"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_job"},
              "409": {"$ref": "#/components/responses/Error", "description": "wrong_state"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs/{job}/priority": {
          "parameters": [{"$ref": "#/components/parameters/job"}],
          "post": {
            "tags": ["jobs"], "operationId": "setPriority",
            "summary": "Moves a job before or behind others",
            "requestBody": {
              "required": true,
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Priority"}}}
            },
            "responses": {
              "200": {
                "description": "The job as it is now",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobSummary"}}}
              },
              "400": {"$ref": "#/components/responses/Error", "description": "malformed, bad_priority"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_job"},
              "413": {"$ref": "#/components/responses/TooLarge"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs/{job}/frames/{frame}.png": {
          "parameters": [{"$ref": "#/components/parameters/job"}, {"$ref": "#/components/parameters/frame"}],
          "get": {
            "tags": ["pictures"], "operationId": "getPicture", "summary": "A finished frame",
            "responses": {
              "200": {
                "description": "PNG", "headers": {"Cache-Control": {"schema": {"type": "string"}}},
                "content": {"image/png": {"schema": {}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_job, no_frame, no_picture"},
              "500": {"$ref": "#/components/responses/Error", "description": "internal, storage"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs/{job}/frames/{frame}/preview.png": {
          "parameters": [{"$ref": "#/components/parameters/job"}, {"$ref": "#/components/parameters/frame"}],
          "get": {
            "tags": ["pictures"], "operationId": "getPreview",
            "summary": "A frame as far as it is here",
            "responses": {
              "200": {
                "description": "PNG, 8 bits a channel until the frame is finished",
                "content": {"image/png": {"schema": {}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_frame, no_picture"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs/{job}/frames/{frame}/tiles": {
          "parameters": [{"$ref": "#/components/parameters/job"}, {"$ref": "#/components/parameters/frame"}],
          "get": {
            "tags": ["pictures"], "operationId": "getTiles",
            "summary": "Tiles that agents are rendering; empty where job or frame is unknown",
            "responses": {
              "200": {
                "description": "Tiles",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TileList"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_frame"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/events": {
          "get": {
            "tags": ["events"], "operationId": "getEvents",
            "summary": "Server-sent events of everything",
            "responses": {
              "200": {
                "description": "Events job, unit, frame, agents, ping",
                "content": {"text/event-stream": {"schema": {"type": "string"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs/{job}/events": {
          "parameters": [{"$ref": "#/components/parameters/job"}],
          "get": {
            "tags": ["events"], "operationId": "getJobEvents",
            "summary": "Server-sent events of one job",
            "responses": {
              "200": {
                "description": "Events job, unit, frame, ping",
                "content": {"text/event-stream": {"schema": {"type": "string"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_job"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/jobs/{job}/budget": {
          "parameters": [{"$ref": "#/components/parameters/job"}],
          "post": {
            "tags": ["jobs"], "operationId": "setBudget",
            "summary": "Changes the credit at which a job pauses",
            "requestBody": {
              "required": true,
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Budget"}}}
            },
            "responses": {
              "200": {
                "description": "The job as it is now",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobSummary"}}}
              },
              "400": {"$ref": "#/components/responses/Error", "description": "malformed"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_job"},
              "413": {"$ref": "#/components/responses/TooLarge"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/specs/{hash}": {
          "get": {
            "tags": ["people"], "operationId": "getSpec",
            "summary": "The spec of a job that is not private; needs no token",
            "parameters": [
              {"name": "hash", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/Hash"}}
            ],
            "security": [],
            "responses": {
              "200": {
                "description": "The spec",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Spec"}}}
              },
              "400": {"$ref": "#/components/responses/Error", "description": "malformed"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_spec"},
              "500": {"$ref": "#/components/responses/Internal"}
            }
          }
        },
        "/v1/agents/{key}/entries": {
          "get": {
            "tags": ["agents"], "operationId": "listEntries",
            "summary": "Ledger entries that pay an agent",
            "parameters": [
              {"name": "key", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/Key"}},
              {
                "name": "from", "in": "query",
                "schema": {"type": "integer", "format": "uint64", "minimum": 0, "default": 0},
                "description": "The first index that is asked for."
              }
            ],
            "responses": {
              "200": {
                "description": "At most 1,000 indices",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/EntryList"}}}
              },
              "400": {"$ref": "#/components/responses/Error", "description": "malformed"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "500": {"$ref": "#/components/responses/Internal"}
            }
          }
        },
        "/ledger/{path}": {
          "get": {
            "tags": ["people"], "operationId": "readLedger",
            "summary": "The public ledger: checkpoint, key, tiles (docs/ledger.md); needs no token",
            "parameters": [
              {
                "name": "path", "in": "path", "required": true,
                "schema": {"type": "string"}, "description": "Such as checkpoint or tile/0/000; holds slashes."
              }
            ],
            "security": [],
            "responses": {
              "200": {"description": "The file"},
              "404": {"$ref": "#/components/responses/Error", "description": "no_tile"},
              "500": {"$ref": "#/components/responses/Internal"}
            }
          }
        },
        "/v1/credits": {
          "get": {
            "tags": ["people"], "operationId": "listCredits",
            "summary": "What contributors have earned, most credit first",
            "parameters": [
              {
                "name": "job", "in": "query", "schema": {"$ref": "#/components/schemas/JobID"},
                "description": "Only from this job."
              }
            ],
            "responses": {
              "200": {
                "description": "Credits",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CreditList"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/agents": {
          "get": {
            "tags": ["people"], "operationId": "listAgents", "summary": "Agents by name",
            "responses": {
              "200": {
                "description": "Agents",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AgentList"}}}
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          },
          "post": {
            "tags": ["agents"], "operationId": "registerAgent", "summary": "Opens a session",
            "requestBody": {
              "required": true,
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RegisterAgent"}}}
            },
            "responses": {
              "200": {
                "description": "The session",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AgentRegistration"}}}
              },
              "400": {"$ref": "#/components/responses/Error", "description": "malformed, bad_agent"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "403": {
                "$ref": "#/components/responses/Error",
                "description": "wrong_revision, other_contributor, banned"
              },
              "413": {"$ref": "#/components/responses/TooLarge"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/leases": {
          "post": {
            "tags": ["agents"], "operationId": "askForWork",
            "summary": "Asks for units; held open while there are none",
            "parameters": [{"$ref": "#/components/parameters/session"}],
            "requestBody": {
              "required": true,
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AskForWork"}}}
            },
            "responses": {
              "200": {
                "description": "Units, perhaps none",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/LeaseList"}}}
              },
              "400": {"$ref": "#/components/responses/Error", "description": "malformed"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "403": {"$ref": "#/components/responses/Error", "description": "banned"},
              "409": {"$ref": "#/components/responses/Error", "description": "unknown_session"},
              "413": {"$ref": "#/components/responses/TooLarge"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/leases/renew": {
          "post": {
            "tags": ["agents"], "operationId": "renewLeases", "summary": "Keeps leases",
            "parameters": [{"$ref": "#/components/parameters/session"}],
            "requestBody": {
              "required": true,
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/LeaseIDs"}}}
            },
            "responses": {
              "200": {
                "description": "Those still held",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RenewAnswer"}}}
              },
              "400": {"$ref": "#/components/responses/Error", "description": "malformed"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "403": {"$ref": "#/components/responses/Error", "description": "banned"},
              "409": {"$ref": "#/components/responses/Error", "description": "unknown_session"},
              "413": {"$ref": "#/components/responses/TooLarge"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/agents/session": {
          "delete": {
            "tags": ["agents"], "operationId": "leave", "summary": "The agent's process ends",
            "parameters": [{"$ref": "#/components/parameters/session"}],
            "responses": {
              "204": {"description": "The session has ended, its units go to others"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "409": {"$ref": "#/components/responses/Error", "description": "unknown_session"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/leases/return": {
          "post": {
            "tags": ["agents"], "operationId": "returnLeases", "summary": "Gives units back",
            "parameters": [{"$ref": "#/components/parameters/session"}],
            "requestBody": {
              "required": true,
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/LeaseIDs"}}}
            },
            "responses": {
              "204": {"description": "They go to others"},
              "400": {"$ref": "#/components/responses/Error", "description": "malformed"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "403": {"$ref": "#/components/responses/Error", "description": "banned"},
              "409": {"$ref": "#/components/responses/Error", "description": "unknown_session"},
              "413": {"$ref": "#/components/responses/TooLarge"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/leases/{lease}/failure": {
          "parameters": [{"$ref": "#/components/parameters/lease"}],
          "post": {
            "tags": ["agents"], "operationId": "reportFailure",
            "summary": "The unit could not be rendered",
            "parameters": [{"$ref": "#/components/parameters/session"}],
            "requestBody": {
              "required": true,
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}
            },
            "responses": {
              "204": {"description": "Noted; the lease has ended"},
              "400": {"$ref": "#/components/responses/Error", "description": "malformed"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "403": {"$ref": "#/components/responses/Error", "description": "banned"},
              "409": {"$ref": "#/components/responses/Error", "description": "unknown_session"},
              "413": {"$ref": "#/components/responses/TooLarge"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/leases/{lease}/result": {
          "parameters": [{"$ref": "#/components/parameters/lease"}],
          "post": {
            "tags": ["agents"], "operationId": "commitResult",
            "summary": "Binds the agent to a result",
            "parameters": [{"$ref": "#/components/parameters/session"}],
            "requestBody": {
              "required": true,
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Commit"}}}
            },
            "responses": {
              "204": {"description": "Committed, or delivered already"},
              "400": {
                "$ref": "#/components/responses/Error",
                "description": "malformed, bad_signature, bad_counters"
              },
              "401": {"$ref": "#/components/responses/NoToken"},
              "409": {
                "$ref": "#/components/responses/Error",
                "description": "unknown_session, lease_gone, other_commitment"
              },
              "413": {"$ref": "#/components/responses/TooLarge"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/v1/leases/{lease}/planes": {
          "parameters": [{"$ref": "#/components/parameters/lease"}],
          "put": {
            "tags": ["agents"], "operationId": "deliverPlanes",
            "summary": "Sends the planes of a committed result",
            "parameters": [
              {"$ref": "#/components/parameters/session"},
              {"name": "Content-Encoding", "in": "header", "required": true, "schema": {"const": "zstd"}}
            ],
            "requestBody": {
              "required": true,
              "content": {
                "application/octet-stream": {
                  "schema": {"description": "The result payload in zstd (docs/protocol.md)."}
                }
              }
            },
            "responses": {
              "204": {"description": "Taken, or not needed any more"},
              "400": {"$ref": "#/components/responses/Error", "description": "malformed, wrong_hash"},
              "401": {"$ref": "#/components/responses/NoToken"},
              "409": {
                "$ref": "#/components/responses/Error",
                "description": "unknown_session, lease_gone, no_commitment"
              },
              "413": {"$ref": "#/components/responses/TooLarge"},
              "415": {"$ref": "#/components/responses/Error", "description": "not_zstd"},
              "500": {"$ref": "#/components/responses/Internal"},
              "503": {"$ref": "#/components/responses/Unavailable"},
              "507": {"$ref": "#/components/responses/DiskFault"}
            }
          }
        }
      },
    """#
}
