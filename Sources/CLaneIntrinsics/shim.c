#include "CLaneIntrinsics.h"
