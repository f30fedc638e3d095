# QUANTA_CACHE: where scripts/setup put the tools and libraries; QUANTA_PLATFORM: which of its
# prefixes this build uses.
if(NOT QUANTA_CACHE)
  if(DEFINED ENV{QUANTA_CACHE})
    set(QUANTA_CACHE "$ENV{QUANTA_CACHE}")
  else()
    set(QUANTA_CACHE "$ENV{HOME}/.cache/quanta")
  endif()
endif()
set(QUANTA_CACHE "${QUANTA_CACHE}" CACHE PATH "Where scripts/setup keeps tools and libraries")

if(NOT QUANTA_PLATFORM)
  set(QUANTA_PLATFORM host)
endif()
